/* SPDX-License-Identifier: Apache-2.0 */
/* Every built-in rule has rows that it must redact and rows that it must leave; '|' ends an
 * argument and '#' stands for the mark. */
#include "sensor/process/redact.h"

#include "sensor/process/redact_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T20 "abcdefghijklmnopqrst"
#define T36 T20 "0123456789ABCDEF"
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0"

static struct redact_case {
	const char *rule;
	const char *args;
	const char *want; /* NULL: left as it is */
	uint32_t count; /* 0: one */
} cases[] = {
	{ "secret by its name", "x|--password=hunter two|y|", "x|--password=#|y|" },
	{ "secret by its name", "x|--db-passwd|hunter two|y|", "x|--db-passwd|#|y|" },
	{ "secret by its name", "x|--token|a|--api-key=b|", "x|--token|#|--api-key=#|", 2 },
	{ "secret by its name", "x|-password|hunter|", "x|-password|#|" },
	{ "secret by its name", "env|PGPASSWORD=a b|psql|", "env|PGPASSWORD=#|psql|" },
	{ "secret by its name", "java|-Djavax.net.ssl.keyStorePassword=a|",
	  "java|-Djavax.net.ssl.keyStorePassword=#|" },
	{ "secret by its name", "wget|--password=a|--http-password|b|http://c/|",
	  "wget|--password=#|--http-password|#|http://c/|", 2 },
	{ "secret by its name", "kubectl|--token|abc|get|", "kubectl|--token|#|get|" },
	{ "secret by its name", "sh|-c|export TOKEN=a; x --password 'b c' d|",
	  "sh|-c|export TOKEN=#; x --password '#' d|", 2 },
	{ "secret by its name", "sh|-c|x --password=\"b c\" d|", "sh|-c|x --password=\"#\" d|" },
	{ "secret by its name", "x|--token|-v|abc|", NULL },
	{ "secret by its name", "x|--token||abc|", NULL },
	{ "secret by its name", "x|--password-file=/a|--token-url|b|PWD=/c|", NULL },
	{ "secret by its name", "x|--password=|", NULL },
	{ "secret by its name", "passwd|alice|", NULL },
	{ "secret by its name", "x|--max-tokens=5|", NULL },
	{ "secret by its name", "pg_dump|--no-password|mydb|", NULL },
	{ "secret by its name", "x|--compass|north|COMPASS=a|", NULL },
	{ "secret by its name", "x|--telecom-pass|a|", "x|--telecom-pass|#|" },
	{ "secret by its name", "x|--piano-password|a|", "x|--piano-password|#|" },
	{ "secret by its name", "sh|-c|curl a; b -user-token=c d|",
	  "sh|-c|curl a; b -user-token=# d|" },
	{ "curl user", "curl|-u|alice:hunter|http://a/|", "curl|-u|alice:#|http://a/|" },
	{ "curl user", "curl|-ualice:a:b|", "curl|-ualice:#|" },
	{ "curl user", "curl|-upass=a:b|", "curl|-upass=a:#|" },
	{ "curl user", "/usr/bin/curl|-sSu|alice:a b|", "/usr/bin/curl|-sSu|alice:#|" },
	{ "curl user", "sh|-c|curl -u alice:a http://b/ | tail|",
	  "sh|-c|curl -u alice:# http://b/ | tail|" },
	{ "curl user", "curl|-u|alice|", NULL },
	{ "curl user", "ps|-u|alice:hunter|", NULL },
	{ "curl long user", "curl|--user|alice:hunter|", "curl|--user|alice:#|" },
	{ "curl long user", "curl|--user=alice:hunter|", "curl|--user=alice:#|" },
	{ "curl long user", "curl|--user-agent|a:b|", NULL },
	{ "curl proxy user", "curl|-U|a:b|", "curl|-U|a:#|" },
	{ "curl proxy user", "curl|-U|a|", NULL },
	{ "curl long proxy user", "curl|--proxy-user|a:b|", "curl|--proxy-user|a:#|" },
	{ "curl long proxy user", "curl|--proxy|a:80|", NULL },
	{ "curl bearer", "curl|--oauth2-bearer|abc|", "curl|--oauth2-bearer|#|" },
	{ "curl bearer", "x|--oauth2-bearer|abc|", NULL },
	{ "curl cookie", "curl|-b|a=b|", "curl|-b|#|" },
	{ "curl cookie", "x|-b|a=b|", NULL },
	{ "curl long cookie", "curl|--cookie|a=b|", "curl|--cookie|#|" },
	{ "curl long cookie", "curl|--cookie-jar|a|", NULL },
	{ "docker login", "docker|login|-u|a|-p|b|c|", "docker|login|-u|a|-p|#|c|" },
	{ "docker login", "docker|run|-p|80:80|a|", NULL },
	{ "htpasswd -b", "htpasswd|-b|file|alice|hunter|", "htpasswd|-b|file|alice|#|" },
	{ "htpasswd -b", "htpasswd|-nbB|alice|hunter|", "htpasswd|-nbB|alice|#|" },
	{ "htpasswd -b", "htpasswd|-c|file|alice|", NULL },
	{ "ipmitool", "ipmitool|-H|a|-P|b|", "ipmitool|-H|a|-P|#|" },
	{ "ipmitool", "ipmitool|-H|a|-U|b|", NULL },
	{ "ldap tools", "ldapsearch|-x|-w|a b|-b|c|", "ldapsearch|-x|-w|#|-b|c|" },
	{ "ldap tools", "ldapsearch|-wPassw0rd1|-b|c|", "ldapsearch|-w#|-b|c|" },
	{ "ldap tools", "ldapsearch|-x|-W|-s|sub|", NULL },
	{ "ldappasswd", "ldappasswd|-w|a|", "ldappasswd|-w|#|" },
	{ "ldappasswd", "ldappasswd|-W|a|", NULL },
	{ "ldappasswd new", "ldappasswd|-s|a|", "ldappasswd|-s|#|" },
	{ "ldappasswd new", "ldappasswd|-S|a|", NULL },
	{ "ldappasswd old", "ldappasswd|-a|a|", "ldappasswd|-a|#|" },
	{ "ldappasswd old", "ldappasswd|-A|a|", NULL },
	{ "lftp user", "lftp|-u|a,b|ftp://c|", "lftp|-u|a,#|ftp://c|" },
	{ "lftp user", "lftp|-u|a|ftp://c|", NULL },
	{ "mongo", "mongosh|-u|a|-p|b|", "mongosh|-u|a|-p|#|" },
	{ "mongo", "mongosh|-u|a|", NULL },
	{ "mysql", "mysql|-uroot|-phunter|db|", "mysql|-uroot|-p#|db|" },
	{ "mysql", "mysql|-uroot|-pPassw0rd1|db|", "mysql|-uroot|-p#|db|" },
	{ "mysql", "mysql|-pmySecretDb|-h|db1|", "mysql|-p#|-h|db1|" },
	{ "mysql", "mysql|-pmy.token|-h|db1|", "mysql|-p#|-h|db1|" },
	{ "mysql", "mysql|-ppass=a b|db|", "mysql|-p#|db|" },
	{ "mysql", "sudo|-u|docker|mysqldump|-phunter|db|", "sudo|-u|docker|mysqldump|-p#|db|" },
	{ "mysql", "sh|-c|mysqldump -uroot -phunter db>f|", "sh|-c|mysqldump -uroot -p# db>f|" },
	{ "mysql", "mysql|-p|db|", NULL },
	{ "mysql", "cp|-phunter|", NULL },
	{ "nmcli", "nmcli|dev|wifi|connect|a|password|b|", "nmcli|dev|wifi|connect|a|password|#|" },
	{ "nmcli", "apropos|password|b|", NULL },
	{ "openssl pass:", "openssl|rsa|-passin|pass:a b|", "openssl|rsa|-passin|pass:#|" },
	{ "openssl pass:", "openssl|rsa|-passin|file:a|-passout|stdin|", NULL },
	{ "openssl enc -k", "openssl|enc|-aes256|-k|a|", "openssl|enc|-aes256|-k|#|" },
	{ "openssl enc -k", "openssl|s_client|-k|a|", NULL },
	{ "openssl enc -K", "openssl|enc|-K|0011|", "openssl|enc|-K|#|" },
	{ "openssl enc -K", "openssl|x509|-K|0011|", NULL },
	{ "xfreerdp", "xfreerdp|/u:a|/p:b|", "xfreerdp|/u:a|/p:#|" },
	{ "xfreerdp", "ls|/p:b|", NULL },
	{ "rdesktop", "rdesktop|-u|a|-p|b|", "rdesktop|-u|a|-p|#|" },
	{ "rdesktop", "rdesktop|-u|a|", NULL },
	{ "redis-cli", "redis-cli|-a|b|ping|", "redis-cli|-a|#|ping|" },
	{ "redis-cli", "ls|-a|b|", NULL },
	{ "7z", "7z|a|-phunter|f|", "7z|a|-p#|f|" },
	{ "7z", "7z|a|-pPassw0rd1|f|", "7z|a|-p#|f|" },
	{ "7z", "7z|a|-p|f|", NULL },
	{ "samba user", "smbclient|//a/b|-U|c%d|", "smbclient|//a/b|-U|c%#|" },
	{ "samba user", "smbclient|//a/b|-U|c|", NULL },
	{ "samba long user", "smbclient|--user=c%d|", "smbclient|--user=c%#|" },
	{ "samba long user", "smbclient|--user=c|", NULL },
	{ "snmp community", "snmpwalk|-v2c|-c|public|a|", "snmpwalk|-v2c|-c|#|a|" },
	{ "snmp community", "sh|-c|public|", NULL },
	{ "snmp authentication", "snmpget|-A|b|", "snmpget|-A|#|" },
	{ "snmp authentication", "grep|-A|b|", NULL },
	{ "snmp privacy", "snmpget|-X|b|", "snmpget|-X|#|" },
	{ "snmp privacy", "curl|-X|PUT|", NULL },
	{ "sqlcmd", "sqlcmd|-U|a|-P|b|", "sqlcmd|-U|a|-P|#|" },
	{ "sqlcmd", "sqlcmd|-U|a|", NULL },
	{ "sshpass", "sshpass|-p|a|ssh|b|", "sshpass|-p|#|ssh|b|" },
	{ "sshpass", "sshpass|-pa|ssh|b|", "sshpass|-p#|ssh|b|" },
	{ "sshpass", "sshpass|-pmySecret|ssh|b|", "sshpass|-p#|ssh|b|" },
	{ "sshpass", "ssh|-p|22|b|", NULL },
	{ "useradd", "useradd|-p|a|b|", "useradd|-p|#|b|" },
	{ "useradd", "useradd|-m|b|", NULL },
	{ "zip", "zip|-r|-P|a|f|", "zip|-r|-P|#|f|" },
	{ "zip", "zip|-PmyToken|f|", "zip|-P#|f|" },
	{ "zip", "cp|-P|a|f|", NULL },
	{ "vault login", "vault|login|abc|", "vault|login|#|" },
	{ "vault login", "vault|login|-method=userpass|", NULL },
	{ "ansible-vault string", "ansible-vault|encrypt_string|a b|",
	  "ansible-vault|encrypt_string|#|" },
	{ "ansible-vault string", "ansible-vault|encrypt|a|", NULL },
	{ "aws configure", "aws|configure|set|aws_secret_access_key|a|",
	  "aws|configure|set|aws_secret_access_key|#|" },
	{ "aws configure", "aws|configure|get|aws_secret_access_key|", NULL },

	{ "HTTP authorization", "curl|-H|Authorization: Bearer abc|", "curl|-H|Authorization: #|" },
	{ "HTTP authorization", "x|proxy-authorization:Basic a|", "x|proxy-authorization:#|" },
	{ "HTTP authorization", "x|--header=Authorization: a|", "x|--header=Authorization: #|" },
	{ "HTTP authorization", "sh|-c|curl -H \"Authorization: a b\" c|",
	  "sh|-c|curl -H \"Authorization: #\" c|" },
	{ "HTTP authorization", "curl|-H|Accept: a|authorization|", NULL },
	{ "HTTP cookie", "curl|-H|Cookie: a=b; c=d|", "curl|-H|Cookie: #|" },
	{ "HTTP cookie", "x|cookies: a|", NULL },
	{ "HTTP API key", "curl|-H|X-Api-Key: a|", "curl|-H|X-Api-Key: #|" },
	{ "HTTP API key", "x|api-keys: a|", NULL },
	{ "HTTP token", "curl|-H|PRIVATE-TOKEN: a|", "curl|-H|PRIVATE-TOKEN: #|" },
	{ "HTTP token", "docker|pull|reg/web-token:v1|", NULL },
	{ "AWS access key", "x|AKIA0123456789ABCDEF|", "x|#|" },
	{ "AWS access key", "x|a=AKIA0123456789ABCDEF,b|", "x|a=#,b|" },
	{ "AWS access key", "x|AKIA0123456789ABCDE|XAKIA0123456789ABCDEF|", NULL },
	{ "AWS temporary key", "x|ASIA0123456789ABCDEF|", "x|#|" },
	{ "AWS temporary key", "x|ASIA|", NULL },
	{ "GitHub token", "x|ghp_" T36 "|", "x|#|" },
	{ "GitHub token", "x|ghp_" T20 "|", NULL },
	{ "GitHub OAuth token", "x|gho_" T36 "|", "x|#|" },
	{ "GitHub OAuth token", "x|gho_" T20 "|", NULL },
	{ "GitHub user token", "x|ghu_" T36 "|", "x|#|" },
	{ "GitHub user token", "x|ghu_" T20 "|", NULL },
	{ "GitHub server token", "x|ghs_" T36 "|", "x|#|" },
	{ "GitHub server token", "x|ghs_" T20 "|", NULL },
	{ "GitHub refresh token", "x|ghr_" T36 "|", "x|#|" },
	{ "GitHub refresh token", "x|ghr_" T20 "|", NULL },
	{ "GitHub fine token", "x|github_pat_" T36 "|", "x|#|" },
	{ "GitHub fine token", "x|github_pat_" T20 "|", NULL },
	{ "GitLab token", "x|glpat-" T20 "|", "x|#|" },
	{ "GitLab token", "x|glpat-abc|", NULL },
	{ "Slack bot token", "x|xoxb-0123456789|", "x|#|" },
	{ "Slack bot token", "x|xoxb-012345678|", NULL },
	{ "Slack user token", "x|xoxp-0123456789|", "x|#|" },
	{ "Slack user token", "x|xoxp-|", NULL },
	{ "Slack app token", "x|xapp-0123456789|", "x|#|" },
	{ "Slack app token", "x|xapp-1|", NULL },
	{ "Stripe key", "x|sk_live_" T20 "|", "x|#|" },
	{ "Stripe key", "x|sk_test_" T20 "|", NULL },
	{ "Google API key", "x|AIza" T36 "|", "x|#|" },
	{ "Google API key", "x|AIza" T20 "|", NULL },
	{ "npm token", "x|npm_" T36 "|", "x|#|" },
	{ "npm token", "x|npm_config|", NULL },
	{ "Vault token", "x|hvs." T36 "|", "x|#|" },
	{ "Vault token", "x|hvs." T20 "|", NULL },
	{ "JSON web token", "x|a " JWT ".c2ln b|", "x|a # b|" },
	{ "JSON web token", "x|" JWT "|eyJa.eyJb.c|", NULL },
	{ "URL", "psql|postgres://alice:a@b/c|", "psql|postgres://alice:#@b/c|" },
	{ "URL", "git|clone|https://abc@b/c|", "git|clone|https://#@b/c|" },
	{ "URL", "x|http://a:b@c@d/|", "x|http://a:#@d/|" },
	{ "URL", "sh|-c|git clone 'https://a:b@c/d' e|", "sh|-c|git clone 'https://a:#@c/d' e|" },
	{ "URL", "git|clone|ssh://git@b/c|", NULL },
	{ "URL", "curl|https://b:443/c@d|", NULL },
	{ "JSON", "curl|-d|{\"password\": \"a b\", \"c\": 1}|",
	  "curl|-d|{\"password\": \"#\", \"c\": 1}|" },
	{ "JSON", "curl|-d|{\"token\":5}|", "curl|-d|{\"token\":#}|" },
	{ "JSON", "curl|-d|{\"user\":\"a\"}|", NULL },
	{ "JSON in single quotes", "x|{'secret':'a'}|", "x|{'secret':'#'}|" },
	{ "JSON in single quotes", "x|{'user':'a'}|", NULL },
	{ "query or mount option", "curl|http://a/?b=c&access_token=d&e=f|",
	  "curl|http://a/?b=c&access_token=#&e=f|" },
	{ "query or mount option", "mount|-o|username=a,password=b,vers=3|",
	  "mount|-o|username=a,password=#,vers=3|" },
	{ "query or mount option", "curl|http://a/?b=c&d=e|", NULL },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A heap copy of exactly its size, with NUL for '|' and the mark for '#'. */
static size_t expand(const char *text, char **ret_bytes)
{
	char *to = calloc(1, strlen(text) * strlen(REDACTED) + 1);
	size_t size = 0;

	for (; *text; text++) {
		if (*text == '#')
			size += (size_t)sprintf(to + size, "%s", REDACTED);
		else
			to[size++] = (char)(*text == '|' ? '\0' : *text);
	}
	*ret_bytes = malloc(size ? size : 1);
	memcpy(*ret_bytes, to, size);
	free(to);
	return size;
}

/* " | " within a command is one of its own. */
static size_t expand_args(const char *text, char **ret_bytes)
{
	size_t size = expand(text, ret_bytes);

	for (size_t i = 1; i + 1 < size; i++)
		if ((*ret_bytes)[i] == '\0' && (*ret_bytes)[i - 1] == ' ' &&
		    (*ret_bytes)[i + 1] == ' ')
			(*ret_bytes)[i] = '|';
	return size;
}

static void check_case(void **state)
{
	const struct redact_case *c = *state;
	char error[ARGV_RULE_ERROR_BYTES];
	struct redactor *redactor;
	char *args, *want;
	size_t size = expand_args(c->args, &args);
	size_t want_size = expand_args(c->want ? c->want : c->args, &want);
	struct redacted got;

	assert_int_equal(redactor_new(NULL, &redactor, error), 0);
	got = redact(redactor, (struct text){ args, size });
	if (got.args.length != want_size || memcmp(got.args.at, want, want_size) != 0)
		fail_msg("'%s': '%.*s'", c->args, (int)got.args.length, got.args.at);
	assert_int_equal(got.count, c->want ? (c->count ? c->count : 1) : 0);
	assert_false(got.gave_up);
	for (size_t cut = 0; cut < size; cut++) {
		char *part = malloc(cut ? cut : 1);

		memcpy(part, args, cut);
		got = redact(redactor, (struct text){ part, cut });
		assert_false(got.args.length == want_size &&
			     memcmp(got.args.at, want, want_size) == 0);
		assert_true(got.args.length <= cut + got.count * strlen(REDACTED));
		free(part);
	}
	redactor_free(redactor);
	free(args);
	free(want);
}

static void each_rule_has_both(void **state)
{
	(void)state;
	for (const struct redact_rule *rule = redact_rules; rule->name; rule++) {
		size_t positive = 0, negative = 0;

		for (size_t i = 0; i < COUNT(cases); i++) {
			if (strcmp(cases[i].rule, rule->name) != 0)
				continue;
			positive += cases[i].want != NULL;
			negative += cases[i].want == NULL;
		}
		if (positive == 0 || negative == 0)
			fail_msg("%s: %zu positive rows, %zu negative", rule->name, positive,
				 negative);
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT(cases) + 1];

	for (size_t i = 0; i < COUNT(cases); i++)
		tests[i] = (struct CMUnitTest){ cases[i].rule, check_case, NULL, NULL, &cases[i] };
	tests[COUNT(cases)] = (struct CMUnitTest)cmocka_unit_test(each_rule_has_both);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
