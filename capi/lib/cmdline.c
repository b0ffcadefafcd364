// SPDX-License-Identifier: MIT OR Apache-2.0
/* Lists of numbers and sizes in the text of an option. */
#include <linux/kernel.h>
#include <linux/string.h>

/*
 * The number at *@str, which goes on behind it and behind a comma. Returns 0 if there
 * is none, 1 for the last one, 2 if a comma follows, 3 if a range (`-`) follows.
 */
int get_option(char **str, int *pint)
{
	char *end;
	int value;

	if (!*str || !**str)
		return 0;
	value = **str == '-' ? -(int)simple_strtoull(*str + 1, &end, 0) :
			       (int)simple_strtoull(*str, &end, 0);
	if (end == *str || (**str == '-' && end == *str + 1))
		return 0;
	if (pint)
		*pint = value;
	*str = end;
	if (**str == ',') {
		(*str)++;
		return 2;
	}
	return **str == '-' ? 3 : 1;
}

/*
 * The numbers of a list with ranges, as many as fit, from @ints[1] on; @ints[0] is
 * how many there are. With @nints 0 they are only counted. Returns what is left.
 */
char *get_options(const char *str, int nints, int *ints)
{
	char *at = (char *)str;
	int count = 0, more;

	do {
		int from, to;

		more = get_option(&at, &from);
		if (!more)
			break;
		to = from;
		if (more == 3) {
			at++;
			more = get_option(&at, &to);
			if (!more)
				break;
		}
		for (; from <= to; from++) {
			if (nints && count + 1 >= nints)
				goto full;
			count++;
			if (nints)
				ints[count] = from;
		}
	} while (more == 2);
full:
	ints[0] = count;
	return at;
}

/* A number with K, M, G, T, P or E behind it. */
unsigned long long memparse(const char *ptr, char **retp)
{
	static const char units[] = "KMGTPE";
	char *end;
	unsigned long long size = simple_strtoull(ptr, &end, 0);
	int i;

	for (i = 0; units[i]; i++) {
		if ((*end & ~0x20) == units[i]) {
			size <<= 10 * (i + 1);
			end++;
			break;
		}
	}
	if (retp)
		*retp = end;
	return size;
}

/* Whether the list between commas has @option in it. */
bool parse_option_str(const char *str, const char *option)
{
	size_t len = strlen(option);

	while (*str) {
		if (!strncmp(str, option, len) && (!str[len] || str[len] == ','))
			return true;
		while (*str && *str != ',')
			str++;
		if (*str == ',')
			str++;
	}
	return false;
}
