/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/ede.h"

#include <string.h>

#include "lib/policy.h"

/* Text that is put together in a room of its own; what does not fit is noted
 * and left out. */
struct sink {
	char *at;
	size_t len, room;
	bool full;
};

static void
put(struct sink *s, const char *text, size_t len)
{
	if (len > s->room - s->len) {
		len = s->room - s->len;
		s->full = true;
	}
	memcpy(s->at + s->len, text, len);
	s->len += len;
}

static void
put_text(struct sink *s, const char *text)
{
	put(s, text, strlen(text));
}

/* What the entry says of itself. */
struct facts {
	struct fsk_attr attr;
	struct fsk_feed feed; /* the first that lists it */
	const char *contact;  /* of the feed, else of the policy */
};

static void
gather(const struct fsk_db *main, const struct fsk_verdict *v, struct facts *f)
{
	static const struct fsk_feed none = { "", "", "", "", 0 };
	const struct fsk_policy *p = fsk_db_policy(main);

	fsk_db_attr(v->db, v->found.attr, &f->attr);
	f->feed = none;
	/* Of several feeds the one that says who answers for it. */
	for (unsigned i = f->attr.feeds; i > 0; i--) {
		struct fsk_feed at;

		fsk_db_feed_info(v->db,
		    fsk_db_attr_feed_row(v->db, v->found.attr, i - 1), &at);
		if (f->feed.authority[0] == '\0' || at.authority[0] != '\0')
			f->feed = at;
	}
	f->contact = f->feed.contact;
	if (*f->contact == '\0' && p != NULL)
		f->contact = fsk_policy_settings(p)->contact;
}

/* The text for the placeholder NAME of LEN octets; NULL if there is none. */
static const char *
placeholder(const struct facts *f, const char *name, size_t len)
{
	const struct {
		const char *name, *text;
	} known[] = {
		{ "feed", f->feed.name },
		{ "category", f->attr.category },
		{ "case", f->attr.case_number },
		{ "contact", f->contact },
		{ "authority", f->feed.authority },
		{ "legal-basis", f->feed.legal_basis },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i].name) == len &&
		    memcmp(known[i].name, name, len) == 0)
			return known[i].text;
	return NULL;
}

static void
put_template(struct sink *s, const struct facts *f, const char *text)
{
	while (*text != '\0') {
		const size_t plain = strcspn(text, "{");
		const char *end, *value = NULL;

		put(s, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		end = strchr(text, '}');
		if (end != NULL)
			value = placeholder(
			    f, text + 1, (size_t)(end - text - 1));
		if (value != NULL) {
			put_text(s, value);
			text = end + 1;
		} else {
			put(s, text++, 1);
		}
	}
}

static const char *
template_of(const struct fsk_verdict *v)
{
	return v->answer->text != NULL ? v->answer->text : "listed: {category}";
}

uint16_t
fsk_ede_code(const struct fsk_verdict *v, bool json)
{
	return json && v->answer->ede == FSK_EDE_FORGED ? FSK_EDE_BLOCKED
							: v->answer->ede;
}

const char *
fsk_ede_contact(const struct fsk_db *main, const struct fsk_verdict *v)
{
	struct facts f;

	gather(main, v, &f);
	return f.contact;
}

size_t
fsk_ede_text(const struct fsk_db *main, const struct fsk_verdict *v,
    char text[static FSK_EDE_TEXT_MAX])
{
	struct sink s = { text, 0, FSK_EDE_TEXT_MAX, false };
	struct facts f;

	gather(main, v, &f);
	put_template(&s, &f, template_of(v));
	/* A character of UTF-8 that was cut goes as a whole. */
	if (s.full) {
		while (s.len > 0 && ((uint8_t)text[s.len - 1] & 0xc0) == 0x80)
			s.len--;
		if (s.len > 0 && (uint8_t)text[s.len - 1] >= 0xc0)
			s.len--;
	}
	return s.len;
}

/* ---- JSON ---- */

/* Puts LEN octets of TEXT as a string (RFC 8259 section 7).  What is no UTF-8
 * stays what it is: it came from the operator. */
static void
put_string(struct sink *s, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	put(s, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		const uint8_t c = (uint8_t)text[i];

		if (c == '"' || c == '\\') {
			put(s, "\\", 1);
			put(s, text + i, 1);
		} else if (c < 0x20) {
			const char escape[6] = { '\\', 'u', '0', '0',
				hex[c >> 4], hex[c & 15] };

			put(s, escape, sizeof(escape));
		} else {
			put(s, text + i, 1);
		}
	}
	put(s, "\"", 1);
}

/* The array of URIs in TEXT, which has blanks between. */
static void
put_contacts(struct sink *s, const char *text)
{
	bool first = true;

	put(s, "[", 1);
	for (text += strspn(text, " "); *text != '\0';
	     text += strspn(text, " ")) {
		const size_t len = strcspn(text, " ");

		if (!first)
			put(s, ",", 1);
		put_string(s, text, len);
		first = false;
		text += len;
	}
	put(s, "]", 1);
}

/* The sub-error (section 9 of the draft) for a category. */
static char
sub_error(const char *category)
{
	static const char *const known[] = { "malware", "phishing", "spam",
		"spyware" };

	for (unsigned i = 0; i < 4; i++)
		if (strcmp(known[i], category) == 0)
			return (char)('1' + i);
	return '6'; /* the DNS operator's policy */
}

size_t
fsk_ede_json(const struct fsk_db *main, const struct fsk_verdict *v,
    char text[static FSK_EDE_JSON_MAX])
{
	static const struct fsk_policy_settings nothing = { .organisation = "",
		.incidents = "" };
	const struct fsk_policy *p = fsk_db_policy(main);
	const struct fsk_policy_settings *settings = p != NULL
	    ? fsk_policy_settings(p)
	    : &nothing;
	struct sink s = { text, 0, FSK_EDE_JSON_MAX, false };
	char reason[FSK_EDE_TEXT_MAX];
	struct facts f;
	char error;

	gather(main, v, &f);
	put_text(&s, "{\"c\":");
	put_contacts(&s, f.contact);
	put_text(&s, ",\"j\":");
	put_string(&s, reason, fsk_ede_text(main, v, reason));
	put_text(&s, ",\"s\":");
	error = sub_error(f.attr.category);
	put(&s, &error, 1);
	if (settings->organisation[0] != '\0') {
		put_text(&s, ",\"o\":");
		put_string(
		    &s, settings->organisation, strlen(settings->organisation));
	}
	if (f.attr.case_number[0] != '\0' && settings->incidents[0] != '\0') {
		put_text(&s, ",\"fdbs\":[{\"db\":");
		put_string(
		    &s, settings->incidents, strlen(settings->incidents));
		put_text(&s, ",\"id\":");
		put_string(&s, f.attr.case_number, strlen(f.attr.case_number));
		put_text(&s, "}]");
	}
	put_text(&s, "}");
	return s.full ? 0 : s.len;
}
