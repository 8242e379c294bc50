/* SPDX-License-Identifier: Apache-2.0 */
/* What redaction knows of the usual programs: one row a rule. Private to process/redact*. */
#ifndef YAGURA_PROCESS_REDACT_RULES_H
#define YAGURA_PROCESS_REDACT_RULES_H

#include "common/cursor.h"

#include <stdbool.h>

/* Programs with the same options. */
enum redact_family {
	FAMILY_ANY,
	FAMILY_ANSIBLE_VAULT,
	FAMILY_AWS,
	FAMILY_CURL,
	FAMILY_DOCKER,
	FAMILY_HTPASSWD,
	FAMILY_IPMITOOL,
	FAMILY_LDAP,
	FAMILY_LDAPPASSWD,
	FAMILY_LFTP,
	FAMILY_MONGO,
	FAMILY_MYSQL,
	FAMILY_NMCLI,
	FAMILY_OPENSSL,
	FAMILY_RDP,
	FAMILY_REDIS,
	FAMILY_SEVENZIP,
	FAMILY_SMB,
	FAMILY_SNMP,
	FAMILY_SQLCMD,
	FAMILY_SSHPASS,
	FAMILY_USERADD,
	FAMILY_VAULT,
	FAMILY_ZIP,
};

enum redact_kind {
	/* of a word */
	REDACT_NAMED, /* option or variable whose name announces a secret: its value */
	REDACT_ATTACHED, /* WORDvalue */
	REDACT_VALUE, /* WORDvalue, or the next word */
	REDACT_NEXT, /* the next word, if it is no option */
	REDACT_PAIR, /* as VALUE, but only what stands behind the first SEPARATOR in it */
	REDACT_LAST, /* the last word, if an option of one letter WORD was given */
	/* anywhere */
	REDACT_HEADER, /* what follows the name of an HTTP header */
	REDACT_TOKEN, /* WORD and at least LEAST letters, digits, '_', '-' */
	REDACT_JWT,
	REDACT_URL, /* the password, or a lone user of http */
	REDACT_JSON, /* "name": "value" where the name announces a secret; WORD ends the name */
	REDACT_QUERY, /* …,name=value&… where the name announces a secret */
};

struct redact_rule {
	const char *name;
	enum redact_kind kind;
	enum redact_family family;
	const char *word;
	const char *after; /* a word that must have come before; NULL: none */
	char separator;
	unsigned least;
};

/* Ends with a row without a name. */
extern const struct redact_rule redact_rules[];

/* Whether a rule is about what shows wherever it stands, not about words. */
static inline bool redact_is_text_rule(const struct redact_rule *rule)
{
	return rule->kind >= REDACT_HEADER;
}

/* The family of a program by its path or name; FAMILY_ANY: none. */
enum redact_family redact_family_of(struct cursor program);

#endif
