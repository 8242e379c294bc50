/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/redact_rules.h"

/* clang-format off: one row a line */
static const struct program {
	const char *name;
	enum redact_family family;
} programs[] = {
	{ "ansible-vault", FAMILY_ANSIBLE_VAULT },
	{ "aws", FAMILY_AWS },
	{ "bcp", FAMILY_SQLCMD },
	{ "curl", FAMILY_CURL },
	{ "docker", FAMILY_DOCKER },
	{ "htpasswd", FAMILY_HTPASSWD },
	{ "ipmitool", FAMILY_IPMITOOL },
	{ "ldapadd", FAMILY_LDAP },
	{ "ldapdelete", FAMILY_LDAP },
	{ "ldapmodify", FAMILY_LDAP },
	{ "ldappasswd", FAMILY_LDAPPASSWD },
	{ "ldapsearch", FAMILY_LDAP },
	{ "ldapwhoami", FAMILY_LDAP },
	{ "lftp", FAMILY_LFTP },
	{ "mariadb", FAMILY_MYSQL },
	{ "mariadb-admin", FAMILY_MYSQL },
	{ "mariadb-dump", FAMILY_MYSQL },
	{ "mongo", FAMILY_MONGO },
	{ "mongodump", FAMILY_MONGO },
	{ "mongorestore", FAMILY_MONGO },
	{ "mongosh", FAMILY_MONGO },
	{ "mysql", FAMILY_MYSQL },
	{ "mysqladmin", FAMILY_MYSQL },
	{ "mysqlcheck", FAMILY_MYSQL },
	{ "mysqldump", FAMILY_MYSQL },
	{ "mysqlimport", FAMILY_MYSQL },
	{ "mysqlshow", FAMILY_MYSQL },
	{ "net", FAMILY_SMB },
	{ "nmcli", FAMILY_NMCLI },
	{ "openssl", FAMILY_OPENSSL },
	{ "podman", FAMILY_DOCKER },
	{ "rdesktop", FAMILY_RDP },
	{ "redis-cli", FAMILY_REDIS },
	{ "rpcclient", FAMILY_SMB },
	{ "skopeo", FAMILY_DOCKER },
	{ "smbclient", FAMILY_SMB },
	{ "snmpget", FAMILY_SNMP },
	{ "snmpset", FAMILY_SNMP },
	{ "snmpwalk", FAMILY_SNMP },
	{ "sqlcmd", FAMILY_SQLCMD },
	{ "sshpass", FAMILY_SSHPASS },
	{ "unzip", FAMILY_ZIP },
	{ "useradd", FAMILY_USERADD },
	{ "usermod", FAMILY_USERADD },
	{ "vault", FAMILY_VAULT },
	{ "xfreerdp", FAMILY_RDP },
	{ "zip", FAMILY_ZIP },
	{ "7z", FAMILY_SEVENZIP },
	{ "7za", FAMILY_SEVENZIP },
	{ "7zr", FAMILY_SEVENZIP },
};

const struct redact_rule redact_rules[] = {
	{ "curl user", REDACT_PAIR, FAMILY_CURL, "-u", .separator = ':' },
	{ "curl long user", REDACT_PAIR, FAMILY_CURL, "--user", .separator = ':' },
	{ "curl proxy user", REDACT_PAIR, FAMILY_CURL, "-U", .separator = ':' },
	{ "curl long proxy user", REDACT_PAIR, FAMILY_CURL, "--proxy-user", .separator = ':' },
	{ "curl bearer", REDACT_VALUE, FAMILY_CURL, "--oauth2-bearer" },
	{ "curl cookie", REDACT_VALUE, FAMILY_CURL, "-b" },
	{ "curl long cookie", REDACT_VALUE, FAMILY_CURL, "--cookie" },
	{ "docker login", REDACT_VALUE, FAMILY_DOCKER, "-p", .after = "login" },
	{ "htpasswd -b", REDACT_LAST, FAMILY_HTPASSWD, "b" },
	{ "ipmitool", REDACT_VALUE, FAMILY_IPMITOOL, "-P" },
	{ "ldap tools", REDACT_VALUE, FAMILY_LDAP, "-w" },
	{ "ldappasswd", REDACT_VALUE, FAMILY_LDAPPASSWD, "-w" },
	{ "ldappasswd new", REDACT_VALUE, FAMILY_LDAPPASSWD, "-s" },
	{ "ldappasswd old", REDACT_VALUE, FAMILY_LDAPPASSWD, "-a" },
	{ "lftp user", REDACT_PAIR, FAMILY_LFTP, "-u", .separator = ',' },
	{ "mongo", REDACT_VALUE, FAMILY_MONGO, "-p" },
	{ "mysql", REDACT_ATTACHED, FAMILY_MYSQL, "-p" },
	{ "nmcli", REDACT_NEXT, FAMILY_NMCLI, "password" },
	{ "openssl pass:", REDACT_ATTACHED, FAMILY_OPENSSL, "pass:" },
	{ "openssl enc -k", REDACT_NEXT, FAMILY_OPENSSL, "-k", .after = "enc" },
	{ "openssl enc -K", REDACT_NEXT, FAMILY_OPENSSL, "-K", .after = "enc" },
	{ "xfreerdp", REDACT_ATTACHED, FAMILY_RDP, "/p:" },
	{ "rdesktop", REDACT_VALUE, FAMILY_RDP, "-p" },
	{ "redis-cli", REDACT_VALUE, FAMILY_REDIS, "-a" },
	{ "7z", REDACT_ATTACHED, FAMILY_SEVENZIP, "-p" },
	{ "samba user", REDACT_PAIR, FAMILY_SMB, "-U", .separator = '%' },
	{ "samba long user", REDACT_PAIR, FAMILY_SMB, "--user", .separator = '%' },
	{ "snmp community", REDACT_VALUE, FAMILY_SNMP, "-c" },
	{ "snmp authentication", REDACT_VALUE, FAMILY_SNMP, "-A" },
	{ "snmp privacy", REDACT_VALUE, FAMILY_SNMP, "-X" },
	{ "sqlcmd", REDACT_VALUE, FAMILY_SQLCMD, "-P" },
	{ "sshpass", REDACT_VALUE, FAMILY_SSHPASS, "-p" },
	{ "useradd", REDACT_VALUE, FAMILY_USERADD, "-p" },
	{ "zip", REDACT_VALUE, FAMILY_ZIP, "-P" },
	{ "vault login", REDACT_NEXT, FAMILY_VAULT, "login" },
	{ "ansible-vault string", REDACT_NEXT, FAMILY_ANSIBLE_VAULT, "encrypt_string" },
	{ "aws configure", REDACT_NEXT, FAMILY_AWS, "aws_secret_access_key", .after = "set" },
	/* Behind the programs' own options: "-pPassw0rd" has a value, not a name. */
	{ "secret by its name", REDACT_NAMED },

	{ "HTTP authorization", REDACT_HEADER, .word = "authorization" },
	{ "HTTP cookie", REDACT_HEADER, .word = "cookie" },
	{ "HTTP API key", REDACT_HEADER, .word = "api-key" },
	{ "HTTP token", REDACT_HEADER, .word = "token" },
	{ "AWS access key", REDACT_TOKEN, .word = "AKIA", .least = 16 },
	{ "AWS temporary key", REDACT_TOKEN, .word = "ASIA", .least = 16 },
	{ "GitHub token", REDACT_TOKEN, .word = "ghp_", .least = 36 },
	{ "GitHub OAuth token", REDACT_TOKEN, .word = "gho_", .least = 36 },
	{ "GitHub user token", REDACT_TOKEN, .word = "ghu_", .least = 36 },
	{ "GitHub server token", REDACT_TOKEN, .word = "ghs_", .least = 36 },
	{ "GitHub refresh token", REDACT_TOKEN, .word = "ghr_", .least = 36 },
	{ "GitHub fine token", REDACT_TOKEN, .word = "github_pat_", .least = 22 },
	{ "GitLab token", REDACT_TOKEN, .word = "glpat-", .least = 20 },
	{ "Slack bot token", REDACT_TOKEN, .word = "xoxb-", .least = 10 },
	{ "Slack user token", REDACT_TOKEN, .word = "xoxp-", .least = 10 },
	{ "Slack app token", REDACT_TOKEN, .word = "xapp-", .least = 10 },
	{ "Stripe key", REDACT_TOKEN, .word = "sk_live_", .least = 16 },
	{ "Google API key", REDACT_TOKEN, .word = "AIza", .least = 35 },
	{ "npm token", REDACT_TOKEN, .word = "npm_", .least = 36 },
	{ "Vault token", REDACT_TOKEN, .word = "hvs.", .least = 24 },
	{ "JSON web token", REDACT_JWT },
	{ "URL", REDACT_URL },
	{ "JSON", REDACT_JSON, .word = "\":" },
	{ "JSON in single quotes", REDACT_JSON, .word = "':" },
	{ "query or mount option", REDACT_QUERY },
	{ 0 },
};
/* clang-format on */

enum redact_family redact_family_of(struct cursor program)
{
	const uint8_t *slash = program.left > 0 ? memrchr(program.at, '/', program.left) : NULL;

	if (slash)
		cursor_take(&program, (size_t)(slash - program.at) + 1);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *name = programs[i].name;

		if (program.left > 0 && program.at[0] == (uint8_t)name[0] &&
		    strlen(name) == program.left && memcmp(program.at, name, program.left) == 0)
			return programs[i].family;
	}
	return FAMILY_ANY;
}
