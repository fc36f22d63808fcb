/* SPDX-License-Identifier: BSD-3-Clause */
#include "feeds/options.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (16u << 20)

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- values ---- */

static bool
with_unit(
    const char *text, const char *units, const uint64_t *factors, uint64_t *out)
{
	unsigned long long v;
	const char *unit;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	if (*end == '\0') {
		*out = v;
		return true;
	}
	unit = strchr(units, *end);
	if (unit == NULL || end[1] != '\0' ||
	    v > UINT64_MAX / factors[unit - units])
		return false;
	*out = v * factors[unit - units];
	return true;
}

bool
option_duration(const char *text, uint64_t *seconds)
{
	static const uint64_t factors[] = { 1, 60, 3600, 86400, 604800 };

	return with_unit(text, "smhdw", factors, seconds);
}

bool
option_size(const char *text, uint64_t *octets)
{
	static const uint64_t factors[] = { 1 << 10, 1 << 20, 1 << 30, 1 << 10,
		1 << 20, 1 << 30 };

	return with_unit(text, "KMGkmg", factors, octets);
}

/* The place of WORD among the words of CHOICES, or OPTION_UNSET. */
static uint64_t
choice(const char *choices, const char *word)
{
	size_t len = strlen(word);
	uint64_t i = 0;

	for (const char *c = choices; *c != '\0'; i++) {
		size_t n = strcspn(c, " ");

		if (n == len && strncmp(c, word, n) == 0)
			return i;
		c += n + (c[n] == ' ');
	}
	return OPTION_UNSET;
}

static bool
flag(const char *word, bool *out)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false",
		"true", "0", "1" };

	for (unsigned i = 0; i < COUNT(words); i++)
		if (strcmp(words[i], word) == 0) {
			*out = i % 2;
			return true;
		}
	return false;
}

/* Stores TEXT as the value of O in *BASE.  Returns NULL, or what TEXT should
 * be. */
static const char *
store(const struct conf_option *o, void *base, const char *text)
{
	void *to = (char *)base + o->at;
	uint64_t v = 0;
	bool good = true;

	switch (o->kind) {
	case OPTION_PATH:
		if (*text != '/')
			return "a whole path";
		/* fallthrough */
	case OPTION_TEXT:
		free(*(char **)to);
		*(char **)to = strdup(text);
		return *(char **)to != NULL ? NULL : "shorter (out of memory)";
	case OPTION_TEXTS: {
		struct option_texts *l = to;
		char **more = realloc(l->at, (l->n + 1) * sizeof(*more));

		if (more == NULL || (more[l->n] = strdup(text)) == NULL)
			return "shorter (out of memory)";
		l->at = more;
		l->n++;
		return NULL;
	}
	case OPTION_FLAG:
		return flag(text, to) ? NULL : "yes or no";
	case OPTION_CHOICE:
		v = choice(o->choices, text);
		if (v == OPTION_UNSET)
			return o->choices;
		break;
	case OPTION_NUMBER:
		good = with_unit(text, "", NULL, &v);
		break;
	case OPTION_SIZE:
		good = option_size(text, &v);
		break;
	case OPTION_DURATION:
		good = option_duration(text, &v);
		break;
	}
	if (o->kind != OPTION_CHOICE && (!good || v < o->least || v > o->most))
		return "in range";
	*(uint64_t *)to = v;
	return NULL;
}

/* ---- the file ---- */

void
options_fault(struct options_reader *r, unsigned line, const char *fmt, ...)
{
	char what[512], text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (line != 0)
		snprintf(text, sizeof(text), "%s:%u: %s", r->path, line, what);
	else
		snprintf(text, sizeof(text), "%s: %s", r->path, what);
	r->tell(r->arg, text);
	r->faults++;
}

/* Behind the text in quotes at P. */
static char *
skip_quoted(char *p)
{
	const char quote = *p++;

	while (*p != '\0' && *p != quote)
		p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
	return p + (*p != '\0');
}

/* Makes blank what is from P to TO (NULL: to the end), and returns that. */
static char *
blank_to(char *p, const char *to)
{
	for (to = to != NULL ? to : p + strlen(p); p < to; p++)
		if (*p != '\n')
			*p = ' ';
	return p;
}

/* The library counts the lines of comments wrongly: they become blanks, and so
 * does a byte order mark.  As for the library, "//" within a word is none. */
static void
blank_comments(char *p)
{
	bool word = false; /* P is within one */

	if (strncmp(p, "\xef\xbb\xbf", 3) == 0)
		memset(p, ' ', 3);
	while (*p != '\0') {
		if (*p == '"' || *p == '\'') {
			p = skip_quoted(p);
			word = false;
		} else if (*p == '#' || (!word && p[0] == '/' && p[1] == '/')) {
			p = blank_to(p, strchr(p, '\n'));
			word = false;
		} else if (p[0] == '/' && p[1] == '*') {
			const char *end = strstr(p + 2, "*/");

			p = blank_to(p, end != NULL ? end + 2 : NULL);
			word = false;
		} else {
			word = strchr(" \t\r\n{}()=+,", *p++) == NULL;
		}
	}
}

/* The library takes the end of the file for that of all open sections.  Tells
 * of the first '{' that is not closed: the file may have lost its end. */
static bool
check_braces(struct options_reader *r, char *p)
{
	unsigned line = 1, depth = 0, opened = 0;

	while (*p != '\0') {
		char *next = *p == '"' || *p == '\'' ? skip_quoted(p) : p + 1;

		if (*p == '{' && depth++ == 0)
			opened = line;
		else if (*p == '}' && depth > 0)
			depth--;
		for (; p < next; p++)
			line += *p == '\n';
	}
	if (depth > 0)
		options_fault(r, opened, "'{' without its '}'");
	return depth == 0;
}

/* Makes line LINE of TEXT blank; false if it was. */
static bool
blank_line(char *text, unsigned line)
{
	bool was = false;

	while (line > 1 && (text = strchr(text, '\n')) != NULL) {
		text++;
		line--;
	}
	for (; text != NULL && *text != '\0' && *text != '\n'; text++) {
		was |= *text != ' ';
		*text = ' ';
	}
	return was;
}

static char *
read_file(struct options_reader *r)
{
	int fd = open(r->path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	char *text;
	struct stat st;
	ssize_t n;

	if (fd == -1 || fstat(fd, &st) == -1) {
		options_fault(r, 0, "cannot open it: %s", strerror(errno));
		if (fd != -1)
			close(fd);
		return NULL;
	}
	text = malloc(FILE_MAX + 1);
	while (text != NULL && len < FILE_MAX &&
	    (n = read(fd, text + len, FILE_MAX - len)) != 0) {
		if (n == -1) {
			options_fault(
			    r, 0, "cannot read it: %s", strerror(errno));
			free(text);
			text = NULL;
			break;
		}
		len += (size_t)n;
	}
	close(fd);
	if (text != NULL && (len == FILE_MAX || memchr(text, '\0', len))) {
		options_fault(
		    r, 0, "it is no configuration: too large or with NUL");
		free(text);
		return NULL;
	}
	if (text != NULL)
		text[len] = '\0';
	return text;
}

/* ---- the library ---- */

/* What libconfuse stopped at; its callbacks get no argument. */
static _Thread_local struct {
	unsigned line;
	char text[256];
} stop;

static void __attribute__((format(printf, 2, 0)))
stopped(cfg_t *cfg, const char *fmt, va_list ap)
{
	stop.line = cfg != NULL && cfg->line > 0 ? (unsigned)cfg->line : 1;
	vsnprintf(stop.text, sizeof(stop.text), fmt, ap);
}

/* Notes where the option stands, in its comment, which is not used otherwise.
 */
static int
note_line(cfg_t *cfg, cfg_opt_t *opt)
{
	char line[16];

	snprintf(line, sizeof(line), "%d", cfg->line);
	free(opt->comment);
	opt->comment = strdup(line);
	return 0;
}

static void
free_declared(cfg_opt_t *opt)
{
	for (cfg_opt_t *o = opt; o != NULL && o->name != NULL; o++)
		free_declared(o->subopts);
	free(opt);
}

/* Tells the library of the section's options, all as texts: their values are
 * ours to judge.  For free_declared(); NULL when out of memory. */
static cfg_opt_t *
declare(const struct section *s)
{
	const struct section *inner = s->inner;
	cfg_opt_t *to, *at;
	size_t n = s->n + 1;

	for (; inner != NULL && inner->name != NULL; inner++)
		n++;
	at = to = calloc(n, sizeof(*to));
	if (to == NULL)
		return NULL;
	for (size_t i = 0; i < s->n; i++, at++) {
		*at = s->options[i].kind == OPTION_TEXTS
		    ? (cfg_opt_t)CFG_STR_LIST(
			  s->options[i].name, NULL, CFGF_NODEFAULT)
		    : (cfg_opt_t)CFG_STR(
			  s->options[i].name, NULL, CFGF_NODEFAULT);
		at->validcb = note_line;
	}
	for (inner = s->inner; inner != NULL && inner->name != NULL; inner++) {
		cfg_opt_t *sub = declare(inner);

		if (sub == NULL) {
			free_declared(to);
			return NULL;
		}
		*at++ = (cfg_opt_t)CFG_SEC(inner->name, sub,
		    inner->titled
			? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES
			: CFGF_NODEFAULT);
	}
	*at = (cfg_opt_t)CFG_END();
	return to;
}

/* Sets all defaults of the N options O in *BASE. */
static void
set_defaults(const struct conf_option *o, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		if (o[i].standard != NULL)
			store(&o[i], base, o[i].standard);
		else if (o[i].kind != OPTION_TEXT && o[i].kind != OPTION_PATH &&
		    o[i].kind != OPTION_TEXTS && o[i].kind != OPTION_FLAG)
			*(uint64_t *)(void *)((char *)base +
			    o[i].at) = OPTION_UNSET;
	}
}

/* Moves what the section CFG says from the library to *BASE. */
static void
take_values(struct options_reader *r, cfg_t *cfg, const struct conf_option *o,
    size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		unsigned values = cfg_size(cfg, o[i].name);

		for (unsigned j = 0; j < values; j++) {
			const char *text = cfg_getnstr(cfg, o[i].name, j);
			cfg_opt_t *opt = cfg_getopt(cfg, o[i].name);
			const char *want;
			unsigned line = 0;

			if (opt->comment != NULL)
				line = (unsigned)atoi(opt->comment);
			if (text == NULL)
				continue;
			want = store(&o[i], base, text);
			if (o[i].kind == OPTION_TEXTS)
				((struct option_texts *)(void *)((char *)base +
				     o[i].at))
				    ->line = line;
			if (want != NULL && strcmp(want, "in range") == 0)
				options_fault(r, line,
				    "'%s' is no value for '%s': a number from "
				    "%llu to %llu%s",
				    text, o[i].name,
				    (unsigned long long)o[i].least,
				    (unsigned long long)o[i].most,
				    o[i].kind == OPTION_DURATION
					? " (seconds; or with s, m, h, d, w)"
					: o[i].kind == OPTION_SIZE
					? " (octets; or with K, M, G)"
					: "");
			else if (want != NULL)
				options_fault(r, line,
				    "'%s' is no value for '%s': it must be "
				    "%s%s",
				    text, o[i].name,
				    o[i].kind == OPTION_CHOICE ? "one of " : "",
				    want);
		}
	}
}

/* Notes where the options of the section CFG stand. */
static void
note_lines(struct options_reader *r, cfg_t *cfg, const struct section *s,
    struct section_head *head)
{
	/* When all is read this is the line of the section's end. */
	head->line = cfg->line > 0 ? (unsigned)cfg->line : 0;
	head->lines = calloc(s->n + 1, sizeof(*head->lines));
	if (head->lines == NULL) {
		options_fault(r, 0, "out of memory");
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		const cfg_opt_t *opt = cfg_getopt(cfg, s->options[i].name);
		unsigned line = opt != NULL && opt->comment != NULL
		    ? (unsigned)atoi(opt->comment)
		    : 0;

		if (line == 0)
			continue;
		if (line < head->line || head->line == 0)
			head->line = line;
		head->lines[head->nlines++] = (struct option_line){
			s->options[i].at, line
		};
	}
}

unsigned
options_line(const struct section_head *head, const void *field)
{
	const size_t at = (size_t)((const char *)field - (const char *)head);

	for (size_t i = 0; i < head->nlines; i++)
		if (head->lines[i].at == at)
			return head->lines[i].line;
	return head->line;
}

static void take_section(
    struct options_reader *r, cfg_t *cfg, const struct section *s, void *base);

/* All sections S within CFG, in order. */
static void
take_list(struct options_reader *r, cfg_t *cfg, const struct section *s,
    struct section_list *list)
{
	const unsigned n = cfg_size(cfg, s->name);

	list->at = calloc(n + 1u, s->size);
	if (list->at == NULL) {
		options_fault(r, 0, "out of memory");
		return;
	}
	for (; list->n < n; list->n++) {
		cfg_t *sec = cfg_getnsec(cfg, s->name, (unsigned)list->n);
		struct section_head *head = (void *)((char *)list->at +
		    list->n * s->size);

		head->title = strdup(cfg_title(sec));
		if (head->title == NULL)
			options_fault(r, 0, "out of memory");
		note_lines(r, sec, s, head);
		take_section(r, sec, s, head);
	}
}

static void
take_section(
    struct options_reader *r, cfg_t *cfg, const struct section *s, void *base)
{
	set_defaults(s->options, s->n, base);
	if (cfg != NULL)
		take_values(r, cfg, s->options, s->n, base);
	for (s = s->inner; s != NULL && s->name != NULL; s++) {
		void *to = (char *)base + s->at;

		if (s->titled) {
			if (cfg != NULL)
				take_list(r, cfg, s, to);
		} else {
			cfg_t *sec = cfg != NULL && cfg_size(cfg, s->name) > 0
			    ? cfg_getnsec(cfg, s->name, 0)
			    : NULL;

			if (sec != NULL)
				note_lines(r, sec, s, to);
			take_section(r, sec, s, to);
		}
	}
}

/* Parses TEXT as often as it takes to find all unknown options; sets *WHOLE
 * where its end was reached. */
static cfg_t *
parse_text(
    struct options_reader *r, char *text, cfg_opt_t *options, bool *whole)
{
	cfg_t *cfg = NULL;
	int rc = CFG_SUCCESS;

	do {
		cfg_free(cfg);
		cfg = cfg_init(options, CFGF_NONE);
		if (cfg == NULL) {
			options_fault(r, 0, "out of memory");
			break;
		}
		cfg_set_error_function(cfg, stopped);
		rc = cfg_parse_buf(cfg, text);
		if (rc != CFG_SUCCESS)
			options_fault(r, stop.line, "%s", stop.text);
	} while (rc != CFG_SUCCESS &&
	    strncmp(stop.text, "no such option", 14) == 0 &&
	    blank_line(text, stop.line));
	*whole = rc == CFG_SUCCESS;
	return cfg;
}

bool
options_read(struct options_reader *r, const struct section *file, void *base)
{
	char *text = read_file(r);
	cfg_opt_t *options = NULL;
	bool whole = false;
	cfg_t *cfg = NULL;

	if (text == NULL)
		return false;
	options = declare(file);
	if (options == NULL) {
		options_fault(r, 0, "out of memory");
	} else {
		blank_comments(text);
		whole = check_braces(r, text);
		if (whole)
			cfg = parse_text(r, text, options, &whole);
	}
	if (cfg != NULL)
		take_section(r, cfg, file, base);
	cfg_free(cfg);
	free_declared(options);
	free(text);
	return whole;
}

static void
free_values(const struct conf_option *o, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		void *at = (char *)base + o[i].at;

		if (o[i].kind == OPTION_TEXT || o[i].kind == OPTION_PATH)
			free(*(char **)at);
		if (o[i].kind != OPTION_TEXTS)
			continue;
		for (size_t j = 0; j < ((struct option_texts *)at)->n; j++)
			free(((struct option_texts *)at)->at[j]);
		free(((struct option_texts *)at)->at);
	}
}

void
options_free(const struct section *file, void *base)
{
	free_values(file->options, file->n, base);
	for (const struct section *s = file->inner;
	     s != NULL && s->name != NULL; s++) {
		struct section_list *list = (void *)((char *)base + s->at);

		if (!s->titled) {
			free(((struct section_head *)(void *)list)->lines);
			options_free(s, list);
			continue;
		}
		for (size_t i = 0; i < list->n; i++) {
			struct section_head *head = (void *)((char *)list->at +
			    i * s->size);

			free(head->title);
			free(head->lines);
			options_free(s, head);
		}
		free(list->at);
	}
}
