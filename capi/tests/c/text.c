// SPDX-License-Identifier: MIT OR Apache-2.0
/* Formats, strings and numbers, called as drivers call them. */
#include <kunit/test.h>
#include <asm/unaligned.h>
#include <linux/bitfield.h>
#include <linux/circ_buf.h>
#include <linux/ctype.h>
#include <linux/gcd.h>
#include <linux/ioctl.h>
#include <linux/jhash.h>
#include <linux/lcm.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/stringhash.h>
#include <linux/uaccess.h>

static_assert(IS_ENABLED(CONFIG_SMP) && IS_BUILTIN(CONFIG_SMP) && !IS_MODULE(CONFIG_SMP));
static_assert(!IS_ENABLED(CONFIG_THAT_THERE_IS_NOT), "an option that is off");
static_assert(COUNT_ARGS() == 0 && COUNT_ARGS(a) == 1 && COUNT_ARGS(a, b, c) == 3);

static char buf[128];

#define EXPECT_TEXT(test, text, ...)					\
do {									\
	int __len = snprintf(buf, sizeof(buf), __VA_ARGS__);		\
	KUNIT_EXPECT_STREQ(test, buf, text);				\
	KUNIT_EXPECT_EQ(test, __len, strlen(text));			\
} while (0)

static void nested(struct kunit *test, const char *text, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	EXPECT_TEXT(test, text, "<%pV> %d", &vaf, 9);
	va_end(args);
}

static void test_printf(struct kunit *test)
{
	static const u8 mac[6] = { 0, 1, 2, 0xab, 0xcd, 0xef };
	void *error = ERR_PTR(-EINVAL);

	EXPECT_TEXT(test, "-1 2 3 c", "%d %u %lx %c", -1, 2u, 3ul, 'c');
	EXPECT_TEXT(test, "1 2 3 4 5 6 7 8", "%d %d %d %d %d %d %d %d", 1, 2, 3, 4, 5, 6, 7, 8);
	EXPECT_TEXT(test, "[  7] [7  ] [007] [+7]", "[%3d] [%-3d] [%03d] [%+d]", 7, 7, 7, 7);
	EXPECT_TEXT(test, "ffffffffffffffff 18446744073709551615", "%llx %llu", ~0ULL, ~0ULL);
	EXPECT_TEXT(test, "ab  abc (null)", "%-3.2s %s %s", "abc", "abc", (char *)NULL);
	EXPECT_TEXT(test, "-EINVAL 00:01:02:ab:cd:ef 00 01 02", "%pe %pM %*ph", error, mac, 3, mac);
	EXPECT_TEXT(test, "100%", "100%%");
	nested(test, "<a 1 b> 9", "%s %d %s", "a", 1, "b");
	KUNIT_EXPECT_EQ(test, snprintf(buf, 4, "%d", 123456), 6);
	KUNIT_EXPECT_STREQ(test, buf, "123");
	KUNIT_EXPECT_EQ(test, scnprintf(buf, 4, "%d", 123456), 3);
	KUNIT_EXPECT_EQ(test, sprintf(buf, "%s", "x"), 1);
}

static void test_allocated_text(struct kunit *test)
{
	char *text = kasprintf(GFP_KERNEL, "%s-%d", "name", 3);
	char *copy = kstrdup(text, GFP_KERNEL);
	char *part = kstrndup(text, 4, GFP_KERNEL);
	int *numbers = kmemdup(((int[]){ 1, 2, 3 }), 3 * sizeof(int), GFP_KERNEL);

	KUNIT_EXPECT_STREQ(test, copy, "name-3");
	KUNIT_EXPECT_STREQ(test, part, "name");
	KUNIT_EXPECT_EQ(test, numbers[2], 3);
	kfree(text);
	kfree(copy);
	kfree(part);
	kfree(numbers);
}

static void test_scanf(struct kunit *test)
{
	int a = 0, b = 0;
	char word[8];
	u8 byte = 0;

	KUNIT_EXPECT_EQ(test, sscanf("7,0x1f name ff", "%d,%i %7s %hhx", &a, &b, word, &byte), 4);
	KUNIT_EXPECT_EQ(test, a, 7);
	KUNIT_EXPECT_EQ(test, b, 31);
	KUNIT_EXPECT_EQ(test, byte, 255);
	KUNIT_EXPECT_STREQ(test, word, "name");
}

static void test_numbers(struct kunit *test)
{
	unsigned long ul;
	bool on;
	long l;
	char *end;
	u8 byte;

	KUNIT_EXPECT_EQ(test, kstrtoul("0x10\n", 0, &ul), 0);
	KUNIT_EXPECT_EQ(test, ul, 16);
	KUNIT_EXPECT_EQ(test, kstrtol("-12", 10, &l), 0);
	KUNIT_EXPECT_EQ(test, l, -12);
	KUNIT_EXPECT_EQ(test, kstrtou8("256", 10, &byte), -ERANGE);
	KUNIT_EXPECT_EQ(test, kstrtou8("x", 10, &byte), -EINVAL);
	KUNIT_EXPECT_EQ(test, kstrtobool("off", &on), 0);
	KUNIT_EXPECT_FALSE(test, on);
	KUNIT_EXPECT_EQ(test, simple_strtoul("12ab", &end, 10), 12);
	KUNIT_EXPECT_STREQ(test, end, "ab");
}

static void test_strings(struct kunit *test)
{
	static const char * const colours[] = { "red", "green", "blue" };
	char words[] = "a,b;;c", *rest = words, *word;
	char line[] = "  trim me \n";
	int count = 0;

	while ((word = strsep(&rest, ",;")))
		count += strlen(word) + 10;
	KUNIT_EXPECT_EQ(test, count, 43);
	KUNIT_EXPECT_STREQ(test, strim(line), "trim me");
	KUNIT_EXPECT_EQ(test, match_string(colours, 3, "blue"), 2);
	KUNIT_EXPECT_EQ(test, sysfs_match_string(colours, "green\n"), 1);
	KUNIT_EXPECT_EQ(test, str_has_prefix("prefix-1", "prefix"), 6);
	KUNIT_EXPECT_EQ(test, strscpy(buf, "too long", 4), -E2BIG);
	KUNIT_EXPECT_STREQ(test, kbasename("/a/b/c"), "c");
	memset(buf, 7, sizeof(buf));
	buf[5] = 8;
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(buf, 7, sizeof(buf)), &buf[5]);
	KUNIT_EXPECT_MEMEQ(test, "abc", "abd", 2);
	KUNIT_EXPECT_EQ(test, toupper('a'), 'A');
	KUNIT_EXPECT_TRUE(test, isspace('\t') && isalnum('z') && isxdigit('F') && !isdigit('a'));
}

static void test_hex(struct kunit *test)
{
	u8 bytes[3] = { 0, 0, 0 };

	KUNIT_EXPECT_EQ(test, hex2bin(bytes, "00fF7a", 3), 0);
	KUNIT_EXPECT_MEMEQ(test, bytes, "\x00\xff\x7a", 3);
	KUNIT_EXPECT_EQ(test, hex2bin(bytes, "0g", 1), -EINVAL);
	*bin2hex(buf, bytes, 3) = '\0';
	KUNIT_EXPECT_STREQ(test, buf, "00ff7a");
	KUNIT_EXPECT_EQ(test, hex_dump_to_buffer(bytes, 3, 16, 1, buf, sizeof(buf), false), 8);
	KUNIT_EXPECT_STREQ(test, buf, "00 ff 7a");
	print_hex_dump(KERN_INFO, "bytes: ", DUMP_PREFIX_OFFSET, 16, 1, bytes, 3, true);
}

static void test_options(struct kunit *test)
{
	int ints[8];
	char *end = get_options("3,7-9,1", ARRAY_SIZE(ints), ints);

	KUNIT_EXPECT_STREQ(test, end, "");
	KUNIT_EXPECT_EQ(test, ints[0], 5);
	KUNIT_EXPECT_EQ(test, ints[2] * 10 + ints[4], 79);
	KUNIT_EXPECT_EQ(test, memparse("4Kx", &end), 4096);
	KUNIT_EXPECT_STREQ(test, end, "x");
	KUNIT_EXPECT_TRUE(test, parse_option_str("quiet,debug", "debug"));
	KUNIT_EXPECT_FALSE(test, parse_option_str("quiet,debugger", "debug"));
}

static void test_arithmetic(struct kunit *test)
{
	u64 n = 1000000000001ULL;
	unsigned int sum;
	int a = 3, b = -7;

	KUNIT_EXPECT_EQ(test, do_div(n, 1000), 1);
	KUNIT_EXPECT_EQ(test, n, 1000000000ULL);
	KUNIT_EXPECT_EQ(test, mul_u64_u64_div_u64(~0ULL, 6, 12), ~0ULL / 2);
	KUNIT_EXPECT_EQ(test, int_sqrt(99), 9);
	KUNIT_EXPECT_EQ(test, int_sqrt(~0UL), 0xffffffffUL);
	KUNIT_EXPECT_EQ(test, int_pow(3, 5), 243);
	KUNIT_EXPECT_EQ(test, gcd(12, 18), 6);
	KUNIT_EXPECT_EQ(test, lcm(4, 6), 12);
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(7, 2) + roundup(7, 5) + round_up(9, 8), 30);
	KUNIT_EXPECT_EQ(test, DIV_ROUND_CLOSEST(7, 2), 4);
	KUNIT_EXPECT_EQ(test, DIV_ROUND_CLOSEST(b, 2), -4);
	KUNIT_EXPECT_EQ(test, abs(b) + abs(a), 10);
	KUNIT_EXPECT_EQ(test, min(a, b) + max(a, b) * 10 + clamp(5, b, a), 26);
	KUNIT_EXPECT_EQ(test, min3(a, b, 1) + max_t(u8, 255, 256), 248);
	swap(a, b);
	KUNIT_EXPECT_EQ(test, a, -7);
	KUNIT_EXPECT_EQ(test, ilog2(1000) + roundup_pow_of_two(1000) + rounddown_pow_of_two(1000),
			9 + 1024 + 512);
	KUNIT_EXPECT_EQ(test, order_base_2(8) * 10 + order_base_2(9), 34);
	KUNIT_EXPECT_TRUE(test, is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(65));
	KUNIT_EXPECT_TRUE(test, check_add_overflow(~0u, 1u, &sum));
	KUNIT_EXPECT_EQ(test, array_size(SIZE_MAX, 2), SIZE_MAX);
	KUNIT_EXPECT_EQ(test, upper_32_bits(0x1234567890abcdefULL), 0x12345678);
	KUNIT_EXPECT_EQ(test, CIRC_CNT(2, 6, 8) * 10 + CIRC_SPACE(2, 6, 8), 43);
	KUNIT_EXPECT_EQ(test, SZ_4K + SZ_1M, 4096 + (1 << 20));
}

static void test_bits(struct kunit *test)
{
	static const u8 bytes[] = { 0x12, 0x34, 0x56, 0x78 };
	u8 out[4];

	KUNIT_EXPECT_EQ(test, GENMASK(7, 4) | BIT(0), 0xf1);
	KUNIT_EXPECT_EQ(test, FIELD_PREP(GENMASK(7, 4), 5) | FIELD_GET(0xf00, 0x300), 0x53);
	KUNIT_EXPECT_EQ(test, get_unaligned_be32(bytes), 0x12345678);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(bytes + 1), 0x5634);
	put_unaligned_be32(0x12345678, out);
	KUNIT_EXPECT_MEMEQ(test, out, bytes, 4);
	KUNIT_EXPECT_EQ(test, be16_to_cpu(cpu_to_be16(0x1234)), 0x1234);
	KUNIT_EXPECT_EQ(test, swab32(0x12345678), 0x78563412);
	KUNIT_EXPECT_EQ(test, _IOC_SIZE(_IOWR('x', 3, u64)), 8);
	KUNIT_EXPECT_EQ(test, _IOC_NR(_IOWR('x', 3, u64)), 3);
	KUNIT_EXPECT_NE(test, jhash("abc", 3, 0), jhash("abd", 3, 0));
	KUNIT_EXPECT_EQ(test, full_name_hash(NULL, "abc", 3), hashlen_hash(hashlen_string(NULL, "abc")));
}

static void test_random(struct kunit *test)
{
	u8 bytes[33] = { 0 };
	int i, seen = 0;

	get_random_bytes(bytes, sizeof(bytes));
	for (i = 0; i < 33; i++)
		seen += bytes[i] != 0;
	KUNIT_EXPECT_GT(test, seen, 20);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_LT(test, get_random_u32_below(5), 5);
	KUNIT_EXPECT_NE(test, get_random_u64(), get_random_u64());
}

static struct kunit_case text_cases[] = {
	KUNIT_CASE(test_printf),
	KUNIT_CASE(test_allocated_text),
	KUNIT_CASE(test_scanf),
	KUNIT_CASE(test_numbers),
	KUNIT_CASE(test_strings),
	KUNIT_CASE(test_hex),
	KUNIT_CASE(test_options),
	KUNIT_CASE(test_arithmetic),
	KUNIT_CASE(test_bits),
	KUNIT_CASE(test_random),
	{}
};

static struct kunit_suite text_suite = {
	.name = "text",
	.test_cases = text_cases,
};
kunit_test_suites(&text_suite);

MODULE_LICENSE("Dual MIT/GPL");
