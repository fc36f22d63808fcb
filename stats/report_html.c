/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "stats/html.h"
#include "stats/report.h"

static const char style[] =
    ":root{--ink:#1b2733;--dim:#5b6b7b;--line:#d9e0e7;--bar:#2c6fbb;"
    "--red:#b3261e;--yellow:#8a6100}"
    "*{box-sizing:border-box}"
    "body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);margin:0 auto;"
    "padding:1rem;max-width:62rem;background:#fff}"
    "h1{font-size:1.5rem;margin:.2rem 0}"
    "h2{font-size:1.1rem;margin:2rem 0 .5rem}"
    "h2:first-letter{text-transform:uppercase}"
    "p{margin:.3rem 0}.dim{color:var(--dim)}"
    ".tiles{display:grid;gap:.6rem;margin-top:1rem;"
    "grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr))}"
    ".tile{border:1px solid var(--line);border-radius:.5rem;padding:.6rem "
    ".8rem}"
    ".tile b{display:block;font-size:1.45rem;font-variant-numeric:tabular-"
    "nums}"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-"
    "nums}"
    "th,td{padding:.25rem .5rem;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid var(--line)}"
    "th{color:var(--dim);font-weight:600;vertical-align:bottom;"
    "white-space:normal}"
    ".t{text-align:left}"
    "th:first-child,td:first-child{padding-left:0}"
    ".bar{display:inline-block;width:4rem;height:.6rem;margin-right:.4rem;"
    "background:#eef2f6}"
    ".n{display:inline-block;min-width:3.4rem}"
    ".bar rect,.chart rect{fill:var(--bar)}"
    ".card{border:1.5px solid;border-radius:1rem;padding:0 .5rem;"
    "font-size:.85rem}"
    ".red{color:var(--red)}.yellow{color:var(--yellow)}"
    ".chart{display:grid;grid-template-columns:auto 1fr;column-gap:.5rem}"
    ".chart svg{width:100%;height:11rem;overflow:visible}"
    ".scale{display:flex;flex-direction:column;"
    "justify-content:space-between;text-align:right;color:var(--dim);"
    "font-size:.8rem;line-height:1;margin:-.4rem 0}"
    ".ends{grid-column:2;display:flex;justify-content:space-between;"
    "color:var(--dim);font-size:.8rem;margin-top:.3rem}"
    ".grid{stroke:var(--line);fill:none;vector-effect:non-scaling-stroke}"
    "ul{padding-left:1.2rem;margin:.3rem 0}"
    "@media(max-width:36rem){.w{display:none}body{padding:.8rem}"
    "th,td{padding:.25rem .35rem}"
    ".x{white-space:normal;overflow-wrap:anywhere;min-width:7rem}}"
    "@media print{body{max-width:none;padding:0;font-size:11px}"
    "h2{break-after:avoid}tr,.chart,.tile{break-inside:avoid}"
    ".scroll{overflow:visible}.chart svg{height:7rem}"
    ".x{white-space:normal;overflow-wrap:anywhere}}";

/* ---- the figures on top ---- */

static const struct answer_cell *
total(const struct answer *totals, const char *what, unsigned column)
{
	for (size_t r = 0; r < totals->rows; r++)
		if (strcmp(answer_at(totals, r, 0)->text, what) == 0)
			return answer_at(totals, r, column);
	return NULL;
}

static void
put_tile(FILE *to, const struct answer *totals, const char *what)
{
	static const struct {
		unsigned column;
		const char *than;
	} changes[] = { { 3, "month" }, { 5, "year" } };
	const struct answer_cell *value = total(totals, what, 1);
	char text[HTML_CELL];

	if (value == NULL || !value->given)
		return;
	fprintf(to, "<div class=\"tile\">%s<b>%s</b><span class=\"dim\">", what,
	    html_number(&totals->column[1], value, text));
	for (unsigned i = 0; i < 2; i++) {
		const unsigned column = changes[i].column;
		const struct answer_cell *c = total(totals, what, column);

		if (c->given)
			fprintf(to, "%s on the %s before<br>",
			    html_number(&totals->column[column], c, text),
			    changes[i].than);
	}
	fputs("</span></div>\n", to);
}

static void
put_tiles(FILE *to, const struct answer *totals)
{
	static const char *const what[] = { "blocked", "blocked a day",
		"clients a day", "blocked a client-day" };

	fputs("<div class=\"tiles\">\n", to);
	for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++)
		put_tile(to, totals, what[i]);
	fputs("</div>\n", to);
}

/* ---- parts ---- */

static void
put_part(FILE *to, const struct answer *a)
{
	if (a->rows == 0 && a->withheld == 0)
		return;
	fputs("<h2>", to);
	html_text(to, a->title);
	fputs("</h2>\n", to);
	if (a->rows > 0)
		html_table(to, a);
	if (a->withheld > 0)
		fprintf(to,
		    "<p class=\"dim\">%llu more %s withheld: too few clients "
		    "are behind them.</p>\n",
		    (unsigned long long)a->withheld,
		    a->withheld == 1 ? "row is" : "rows are");
}

static void
put_cards(FILE *to, const struct answer *cards)
{
	fputs("<h2>Cards</h2>\n", to);
	if (cards->rows > 0)
		html_table(to, cards);
	else
		fputs("<p>No country and no group passes a limit.</p>\n", to);
}

static void
put_month(FILE *to, int64_t month)
{
	const time_t t = (time_t)month;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(text, sizeof(text), "%B %Y", &tm);
	fputs(text, to);
}

static void
put_head(FILE *to, const struct answers *as)
{
	const struct answer_column time = { .type = ANSWER_TIME };
	const struct answer_cell cell = { .given = true, .time = as->now };
	char now[CELL_TEXT];

	fputs("<!doctype html>\n<html lang=\"en\"><head><meta "
	      "charset=\"utf-8\">\n<meta name=\"viewport\" "
	      "content=\"width=device-width,initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\""
	      "default-src 'none';style-src 'unsafe-inline'\">\n<title>"
	      "Blocked fraud, ",
	    to);
	put_month(to, as->from);
	fprintf(to, "</title>\n<style>%s</style></head>\n<body>\n<h1>", style);
	fputs("Blocked fraud, ", to);
	put_month(to, as->from);
	fprintf(to,
	    "</h1>\n<p class=\"dim\">Made %s%s. All times are UTC.</p>\n",
	    print_cell(&time, &cell, now),
	    strcmp(as->role, "researcher") == 0 ? ", as a researcher sees it"
						: "");
}

static void
put_foot(FILE *to, const struct answers *as)
{
	fputs("<h2>How to read this</h2>\n<ul>\n"
	      "<li>Clients are estimated without storing any address. A "
	      "client-day is a client on one day.</li>\n"
	      "<li>A hit counts for every feed that lists the name, so feeds "
	      "add up to more than all hits.</li>\n",
	    to);
	for (unsigned i = 0; i < as->notes; i++) {
		fputs("<li>", to);
		html_text(to, as->note[i]);
		fputs("</li>\n", to);
	}
	fputs("</ul>\n</body></html>\n", to);
}

bool
report_html(FILE *to, const struct answers *as)
{
	const struct answer *days = answers_find(as, "days");
	const struct answer *months = answers_find(as, "months");

	put_head(to, as);
	if (as->nothing) {
		fputs("<p>Nothing was blocked in this month.</p>\n", to);
		put_foot(to, as);
		return !ferror(to);
	}
	put_tiles(to, answers_find(as, "totals"));
	put_cards(to, answers_find(as, "cards"));
	if (days->rows > 0) {
		fputs("<h2>Blocked, day by day</h2>\n", to);
		html_bars(to, days, 1, "blocked queries by day");
	}
	fputs("<h2>Blocked, month by month</h2>\n", to);
	html_bars(to, months, 1, "blocked queries by month");
	for (unsigned i = 0; i < as->n; i++)
		if (&as->at[i] != days && &as->at[i] != months &&
		    strcmp(as->at[i].name, "cards") != 0)
			put_part(to, &as->at[i]);
	put_foot(to, as);
	return !ferror(to);
}
