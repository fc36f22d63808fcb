/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/openapi.h"

#include <stdbool.h>
#include <string.h>

#include "stats/print.h"
#include "stats/questions.h"

const char *const openapi_formats[] = { "json", "csv", "html", NULL };

static void
put_pair(FILE *to, const char *key, const char *value)
{
	print_json_text(to, key);
	fputs(": ", to);
	print_json_text(to, value);
}

static void
put_choices(FILE *to, const char *const *choices)
{
	fputs(", \"enum\": [", to);
	for (const char *const *c = choices; *c != NULL; c++) {
		if (c != choices)
			fputs(", ", to);
		print_json_text(to, *c);
	}
	fputc(']', to);
}

static void
put_parameter(FILE *to, const char *name, const char *in, const char *help,
    const char *type, const char *const *choices, bool first)
{
	fprintf(to, "%s\n     {", first ? "" : ",");
	put_pair(to, "name", name);
	fputs(", ", to);
	put_pair(to, "in", in);
	if (strcmp(in, "path") == 0)
		fputs(", \"required\": true", to);
	fputs(", ", to);
	put_pair(to, "description", help);
	fputs(", \"schema\": {", to);
	put_pair(to, "type", type);
	if (choices != NULL)
		put_choices(to, choices);
	fputs("}}", to);
}

static void
put_parameters(FILE *to, const struct question *q)
{
	bool first = true;

	fputs("    \"parameters\": [", to);
	if (q->argument != NULL) {
		put_parameter(to, "argument", "path", q->help, "string",
		    q->choices, true);
		first = false;
	}
	for (size_t i = 0; i < params_n; i++) {
		if (!(params[i].use & q->params) || params[i].local)
			continue;
		put_parameter(to, params[i].name, "query", params[i].help,
		    params[i].type, params[i].choices, first);
		first = false;
	}
	put_parameter(to, "format", "query",
	    "json (default), csv, or of reports html", "string",
	    openapi_formats, first);
	put_parameter(to, "table", "query", "with csv: this table", "string",
	    NULL, false);
	fputs("\n    ],\n", to);
}

static void
put_error(FILE *to, const char *status, const char *what, bool last)
{
	fprintf(to,
	    "     \"%s\": {\"description\": \"%s\", \"content\": "
	    "{\"application/json\": {\"schema\": {\"$ref\": "
	    "\"#/components/schemas/Error\"}}}}%s\n",
	    status, what, last ? "" : ",");
}

static void
put_question(FILE *to, const struct question *q)
{
	fprintf(to, "  \"" API "%s%s\": {\"get\": {\n    ", q->name,
	    q->argument != NULL ? "/{argument}" : "");
	put_pair(to, "operationId", q->name);
	fputs(", ", to);
	put_pair(to, "summary", q->summary);
	fputs(",\n    ", to);
	put_pair(to, "description", q->help);
	fputs(",\n", to);
	put_parameters(to, q);
	fputs("    \"responses\": {\n"
	      "     \"200\": {\"description\": \"the answer\", \"content\": {"
	      "\"application/json\": {\"schema\": {\"$ref\": "
	      "\"#/components/schemas/Answer\"}}, "
	      "\"text/csv\": {\"schema\": {\"type\": \"string\"}}, "
	      "\"text/html\": {\"schema\": {\"type\": \"string\"}}}},\n",
	    to);
	put_error(to, "400", "that cannot be asked", false);
	put_error(to, "401", "the token is missing or wrong", false);
	put_error(to, "500", "the store cannot answer", false);
	put_error(to, "503",
	    "too many questions at a time, or one that takes too long", true);
	fputs("    }}},\n", to);
}

/* What is there besides the questions; all but `about` needs no token. */
static const char others[] =
    "  \"" API "about\": {\"get\": {\n"
    "    \"operationId\": \"about\", \"summary\": \"who is asking whom\",\n"
    "    \"responses\": {\n"
    "     \"200\": {\"description\": \"version and role\", \"content\": "
    "{\"application/json\": {\"schema\": {\"$ref\": "
    "\"#/components/schemas/About\"}}}},\n"
    "     \"401\": {\"description\": \"the token is missing or wrong\", "
    "\"content\": {\"application/json\": {\"schema\": {\"$ref\": "
    "\"#/components/schemas/Error\"}}}}\n"
    "    }}},\n"
    "  \"" API "openapi.json\": {\"get\": {\n"
    "    \"operationId\": \"openapi\", \"summary\": \"this text\", "
    "\"security\": [],\n"
    "    \"responses\": {\"200\": {\"description\": \"OpenAPI 3.1\", "
    "\"content\": {\"application/json\": {}}}}}},\n"
    "  \"/metrics\": {\"get\": {\n"
    "    \"operationId\": \"metrics\", \"summary\": \"counters and states for "
    "Prometheus\", \"security\": [],\n"
    "    \"responses\": {\"200\": {\"description\": \"text format 0.0.4\", "
    "\"content\": {\"text/plain\": {\"schema\": {\"type\": "
    "\"string\"}}}}}}},\n"
    "  \"/\": {\"get\": {\n"
    "    \"operationId\": \"dashboard\", \"summary\": \"a page for people\", "
    "\"security\": [],\n"
    "    \"responses\": {\"200\": {\"description\": \"HTML\", \"content\": "
    "{\"text/html\": {\"schema\": {\"type\": \"string\"}}}}}}}\n";

static const char components[] =
    " \"components\": {\n"
    "  \"securitySchemes\": {\"token\": {\"type\": \"http\", \"scheme\": "
    "\"bearer\"}},\n"
    "  \"schemas\": {\n"
    "   \"Error\": {\"type\": \"object\", \"required\": [\"error\"], "
    "\"properties\": {\"error\": {\"type\": \"string\"}}},\n"
    "   \"About\": {\"type\": \"object\", \"required\": [\"version\", "
    "\"role\", \"least_clients\"], \"properties\": {\n"
    "    \"version\": {\"type\": \"string\"},\n"
    "    \"role\": {\"type\": \"string\", \"enum\": [\"operator\", "
    "\"researcher\"]},\n"
    "    \"least_clients\": {\"type\": \"integer\", \"description\": "
    "\"behind what a researcher sees\"}}},\n"
    "   \"Answer\": {\"type\": \"object\",\n"
    "    \"required\": [\"question\", \"role\", \"now\", \"from\", \"to\", "
    "\"step\", \"withheld\", \"notes\"],\n"
    "    \"properties\": {\n"
    "     \"question\": {\"type\": \"string\"},\n"
    "     \"role\": {\"type\": \"string\"},\n"
    "     \"now\": {\"type\": \"string\", \"format\": \"date-time\"},\n"
    "     \"from\": {\"type\": \"string\", \"format\": \"date-time\"},\n"
    "     \"to\": {\"type\": \"string\", \"format\": \"date-time\", "
    "\"description\": \"excluded\"},\n"
    "     \"step\": {\"type\": \"integer\", \"description\": \"seconds of "
    "which times are whole ones\"},\n"
    "     \"hits\": {\"type\": \"integer\", \"description\": \"all of the "
    "time\"},\n"
    "     \"clients\": {\"type\": \"integer\", \"description\": \"all of "
    "them, an estimate\"},\n"
    "     \"clients_are\": {\"type\": \"string\", \"enum\": [\"clients\", "
    "\"client-days\"]},\n"
    "     \"withheld\": {\"type\": \"object\", \"additionalProperties\": "
    "{\"type\": \"integer\"}, \"description\": \"rows of each table that the "
    "role does not see\"},\n"
    "     \"notes\": {\"type\": \"array\", \"items\": {\"type\": "
    "\"string\"}}},\n"
    "    \"additionalProperties\": {\"type\": \"array\", \"items\": {\"type\": "
    "\"object\", \"additionalProperties\": {\"type\": [\"string\", "
    "\"number\", \"null\"]}}, \"description\": \"a table\"}}}},\n"
    " \"security\": [{\"token\": []}]\n"
    "}\n";

void
openapi_print(FILE *to)
{
	fputs("{\n \"openapi\": \"3.1.0\",\n"
	      " \"info\": {\"title\": \"fraudsink-stats\", \"version\": "
	      "\"" FRAUDSINK_VERSION "\", \"description\": "
	      "\"What the resolver blocked. Times are UTC; shares and changes "
	      "are fractions; null is not known.\"},\n"
	      " \"paths\": {\n",
	    to);
	for (size_t i = 0; i < questions_n; i++)
		put_question(to, &questions[i]);
	fputs(others, to);
	fputs(" },\n", to);
	fputs(components, to);
}
