//! What atomics, bit operations, barriers and reference counts do, from C: each name of the headers at least once.

#[path = "c/mod.rs"]
mod c;
#[path = "c/table.rs"]
mod table;

use table::meets;

/// One line a call: what it is called on, the call, what it returns, and what the value is then.
const ATOMICS: &str = "
5: add(3, v): -: 8
5: sub(3, v): -: 2
5: inc(v): -: 6
5: dec(v): -: 4
12: and(10, v): -: 8
12: or(3, v): -: 15
12: xor(10, v): -: 6
12: andnot(8, v): -: 4
5: set(v, 7): -: 7
5: set_release(v, 7): -: 7
5: read(v): 5: 5
5: read_acquire(v): 5: 5
5: cond_read_acquire(v, VAL > 4): 5: 5
5: cond_read_relaxed(v, VAL > 4): 5: 5
5: add_return*(3, v): 8: 8
5: sub_return*(7, v): -2: -2
-1: inc_return*(v): 0: 0
0: dec_return*(v): -1: -1
5: fetch_add*(3, v): 5: 8
5: fetch_sub*(7, v): 5: -2
-1: fetch_inc*(v): -1: 0
0: fetch_dec*(v): 0: -1
12: fetch_and*(10, v): 12: 8
12: fetch_or*(3, v): 12: 15
12: fetch_xor*(10, v): 12: 6
12: fetch_andnot*(8, v): 12: 4
5: xchg*(v, 7): 5: 7
5: cmpxchg*(v, 5, 7): 5: 7
5: cmpxchg*(v, 6, 7): 5: 5
5: try_cmpxchg*(v, &five, 7): 1: 7
6: try_cmpxchg*(v, &five, 7) + 2 * (five == 6): 2: 6
5: add_negative*(-6, v): 1: -1
5: add_negative*(-5, v): 0: 0
5: sub_and_test(5, v): 1: 0
5: sub_and_test(4, v): 0: 1
1: dec_and_test(v): 1: 0
2: dec_and_test(v): 0: 1
-1: inc_and_test(v): 1: 0
0: inc_and_test(v): 0: 1
5: fetch_add_unless(v, 2, 4): 5: 7
5: fetch_add_unless(v, 2, 5): 5: 5
5: add_unless(v, 2, 4): 1: 7
5: add_unless(v, 2, 5): 0: 5
5: inc_not_zero(v): 1: 6
0: inc_not_zero(v): 0: 0
5: dec_if_positive(v): 4: 4
0: dec_if_positive(v): -1: 0
-3: dec_if_positive(v): -4: -3
0: inc_unless_negative(v): 1: 1
-1: inc_unless_negative(v): 0: -1
0: dec_unless_positive(v): 1: -1
1: dec_unless_positive(v): 0: 1
";

/// The table as C: one case for each family of names.
fn atomics() -> String {
    let mut text = String::new();
    for (family, value) in [("atomic", "int"), ("atomic64", "s64"), ("atomic_long", "long")] {
        text +=
            &format!("//# {family}_t holds\nINIT {{\n\t{family}_t of = {}_INIT(4), *v = &of;\n", family.to_uppercase());
        text += &format!("\t{value} five;\n\n\tBUG_ON({family}_read(v) != 4);\n");
        for line in ATOMICS.lines().filter(|l| !l.is_empty()) {
            let [before, call, result, after] = line.split(": ").collect::<Vec<_>>()[..] else { panic!("{line}") };
            let orders: &[&str] = if call.contains('*') { &["", "_relaxed", "_acquire", "_release"] } else { &[""] };
            for order in orders {
                // The star of an order, not of a product.
                let call = call.replacen("*(", &format!("{order}("), 1);
                let call = if result == "-" {
                    format!("{family}_{call}")
                } else {
                    format!("BUG_ON({family}_{call} != {result})")
                };
                text += &format!("\tfive = 5;\n\t{family}_set(v, {before});\n\t{call};\n");
                text += &format!("\tBUG_ON({family}_read(v) != {after});\n");
            }
        }
        text += "\tuse(five);\n}\n";
    }
    text.replace("_t holds", "_t: holds")
}

#[test]
fn atomics_do_what_they_say() {
    meets("atomic-values", &atomics());
}

#[test]
fn a_wrong_value_is_noticed() {
    let wrong = atomics()
        .replace("BUG_ON(atomic64_fetch_xor_release(10, v) != 12)", "BUG_ON(atomic64_fetch_xor_release(10, v) != 6)");
    meets("atomic-wrong", &wrong.replace("//# atomic64_t: holds", "//# atomic64_t: bug"));
}

#[test]
fn words_and_bits_and_counts_do_what_they_say() {
    meets("bit-values", OTHERS);
}

const OTHERS: &str = r#"
//# old names of atomics: holds
INIT {
	atomic64_t wide = ATOMIT64_INIT(1);
	atomic_t v = ATOMIC_INIT(12);

	atomic_set_mask(3, &v);
	BUG_ON(atomic_read(&v) != 15);
	atomic_clear_mask(6, &v);
	BUG_ON(atomic_read(&v) != 9);
	BUG_ON(!atomic_inc_not_zero_hint(&v, 9) || atomic_read(&v) != 10);
	BUG_ON(atomic64_read(&wide) != 1);
}
//# long atomics: holds
static atomic_long_t long$ = ATOMIC_LONG_INIT(LONG_MAX - 1);
INIT {
	BUG_ON(atomic_long_inc_return(&long$) != LONG_MAX || atomic_long_inc_return(&long$) != LONG_MIN);
}
//# values wrap: holds
INIT {
	atomic_t v = ATOMIC_INIT(INT_MAX);
	atomic64_t w = ATOMIC64_INIT(S64_MIN);

	BUG_ON(atomic_inc_return(&v) != INT_MIN);
	BUG_ON(atomic64_dec_return(&w) != S64_MAX);
	BUG_ON(atomic_sub_return(1, &v) != INT_MAX);
}
//# words of all sizes: holds
INIT {
	u8 a = 1; u16 b = 1; u32 c = 1; u64 d = 1, old = 7; int *p = NULL, x;

	BUG_ON(xchg(&a, 2) != 1 || xchg_relaxed(&b, 2) != 1 || xchg_acquire(&c, 2) != 1 || xchg_release(&d, 2) != 1);
	BUG_ON(cmpxchg(&a, 2, 3) != 2 || cmpxchg_relaxed(&b, 2, 3) != 2 || cmpxchg_acquire(&c, 2, 3) != 2);
	BUG_ON(cmpxchg_release(&d, 1, 3) != 2 || cmpxchg64(&d, 2, 3) != 2 || cmpxchg_local(&d, 3, 4) != 3);
	BUG_ON(try_cmpxchg(&d, &old, 9) || old != 4 || !try_cmpxchg_acquire(&d, &old, 9) || d != 9);
	BUG_ON(xchg(&p, &x) || cmpxchg(&p, &x, NULL) != &x || p);
	BUG_ON(a != 3 || b != 3 || c != 3);
}
//# marked accesses and barriers: holds
static int word$;
INIT {
	WRITE_ONCE(word$, 1);
	BUG_ON(READ_ONCE(word$) != 1 || ACCESS_ONCE(word$) != 1);
	ACCESS_ONCE(word$) = 2;
	barrier(); mb(); rmb(); wmb(); smp_mb(); smp_rmb(); smp_wmb(); mmiowb();
	read_barrier_depends(); smp_read_barrier_depends();
	smp_mb__before_atomic(); smp_mb__after_atomic(); smp_mb__before_clear_bit(); smp_mb__after_clear_bit();
	smp_mb__before_atomic_inc(); smp_mb__after_atomic_inc();
	smp_mb__before_atomic_dec(); smp_mb__after_atomic_dec();
	smp_mb__before_spinlock(); smp_mb__after_spinlock(); smp_acquire__after_ctrl_dep();
	BUG_ON(smp_load_acquire(&word$) != 2);
	smp_store_release(&word$, 3);
	BUG_ON(smp_cond_load_acquire(&word$, VAL == 3) != 3);
	smp_store_mb(word$, 4);
	BUG_ON(smp_cond_load_relaxed(&word$, VAL > 3) != 4);
	set_mb(word$, 5);
	BUG_ON(data_race(word$) != 5);
}
//# a race that is meant: holds
static int x$;
A {
	WRITE_ONCE(x$, 1);
}
B {
	BUG_ON(data_race(x$) > 1);
}
//# a race that is not: data-race
static int x$;
A {
	WRITE_ONCE(x$, 1);
}
B {
	BUG_ON(x$ > 1);
}
//# one of two sees the other, with barriers: holds
static int fa$, fb$;
static atomic_t alone$;
A {
	smp_store_mb(fa$, 1);
	if (!READ_ONCE(fb$))
		BUG_ON(atomic_inc_return(&alone$) != 1);
}
B {
	WRITE_ONCE(fb$, 1);
	smp_mb();
	if (!READ_ONCE(fa$))
		BUG_ON(atomic_inc_return(&alone$) != 1);
}
//# single bits: holds
INIT {
	DECLARE_BITMAP(map, 130) = { 0 };

	set_bit(3, map); __set_bit(64, map); change_bit(129, map); __change_bit(128, map);
	BUG_ON(!test_bit(3, map) || !test_bit_acquire(64, map) || !test_bit(129, map) || !test_bit(128, map));
	BUG_ON(map[0] != 8 || map[1] != 1 || map[2] != 3);
	clear_bit(3, map); __clear_bit(64, map); change_bit(129, map); __change_bit(128, map);
	BUG_ON(map[0] || map[1] || map[2]);
	BUG_ON(test_and_set_bit(5, map) || !test_and_set_bit(5, map));
	BUG_ON(!test_and_clear_bit(5, map) || test_and_clear_bit(5, map));
	BUG_ON(test_and_change_bit(5, map) || !test_and_change_bit(5, map));
	BUG_ON(__test_and_set_bit(70, map) || !__test_and_set_bit(70, map));
	BUG_ON(!__test_and_clear_bit(70, map) || __test_and_clear_bit(70, map));
	BUG_ON(__test_and_change_bit(70, map) || !__test_and_change_bit(70, map));
	assign_bit(1, map, true); __assign_bit(2, map, true); assign_bit(1, map, false);
	BUG_ON(map[0] != 4 || map[1]);
	BUG_ON(test_and_set_bit_lock(0, map) || !test_and_set_bit_lock(0, map));
	BUG_ON(xor_unlock_is_negative_byte(1, map) || test_and_set_bit_lock(0, map));
	set_bit(7, map);
	BUG_ON(!clear_bit_unlock_is_negative_byte(0, map) || test_and_set_bit_lock(0, map));
	clear_bit_unlock(0, map);
	BUG_ON(test_and_set_bit_lock(0, map));
	__clear_bit_unlock(0, map);
	BUG_ON(map[0] != 0x84);
	BUG_ON(set_mask_bits(&map[0], 0x84UL, 3UL) != 0x84 || map[0] != 3);
	BUG_ON(bit_clear_unless(&map[0], 1UL, 2UL) || !bit_clear_unless(&map[0], 1UL, 4UL) || map[0] != 2);
}
//# a bit as a lock: holds
static unsigned long lock$;
static int x$;
A {
	while (test_and_set_bit_lock(0, &lock$))
		cpu_relax();
	x$++;
	clear_bit_unlock(0, &lock$);
}
B {
	while (test_and_set_bit_lock(0, &lock$))
		cpu_relax();
	x$++;
	__clear_bit_unlock(0, &lock$);
}
//# a bit as a lock, unlocked without a release: data-race
static unsigned long lock$;
static int x$;
A {
	while (test_and_set_bit_lock(0, &lock$))
		cpu_relax();
	x$++;
	clear_bit(0, &lock$);
}
B {
	while (test_and_set_bit_lock(0, &lock$))
		cpu_relax();
	x$++;
	clear_bit(0, &lock$);
}
//# plain bits of two CPUs: data-race
static unsigned long map$;
A {
	__set_bit(0, &map$);
}
B {
	__set_bit(1, &map$);
}
//# bits of a word: holds
INIT {
	unsigned long one = hide(1);
	int nr;

	for (nr = 0; nr < BITS_PER_LONG; nr++) {
		BUG_ON(__ffs(one << nr) != nr || __fls(one << nr) != nr || ffz(~(one << nr)) != nr);
		BUG_ON(__ffs(~0UL << nr) != nr || __fls(~0UL >> nr) != 63 - nr);
		BUG_ON(fls64(one << nr) != nr + 1 || fls_long(one << nr) != nr + 1 || __ffs64(one << nr) != nr);
		BUG_ON(hweight64(~(one << nr)) != 63 || hweight_long(~0UL >> nr) != 64 - nr);
	}
	for (nr = 0; nr < 32; nr++)
		BUG_ON(ffs(one << nr) != nr + 1 || fls(one << nr) != nr + 1 || hweight32(~(one << nr)) != 31);
	BUG_ON(ffs(one - 1) || fls(one - 1) || fls64(one - 1) || hweight16(0xf0f0) != 8 || hweight8(0x81) != 2);
	BUG_ON(HWEIGHT8(0x81) != 2 || HWEIGHT16(0xf0f0) != 8 || HWEIGHT32(~0U) != 32 || HWEIGHT64(~0ULL) != 64);
	BUG_ON(rol32(0x80000001, 4) != 0x18 || ror32(0x18, 4) != 0x80000001 || rol64(one << 63, 1) != 1);
	BUG_ON(ror64(1, 1) != one << 63 || rol16(0x8001, 4) != 0x18 || ror16(0x18, 4) != 0x8001);
	BUG_ON(rol8(0x81, 4) != 0x18 || ror8(0x18, 4) != 0x81 || rol32(7, 0) != 7 || ror64(7, 0) != 7);
	BUG_ON(sign_extend32(0x80, 7) != -128 || sign_extend64(0x7f, 7) != 127 || get_bitmask_order(8) != 4);
}
//# bits are found: holds
INIT {
	DECLARE_BITMAP(map, 128) = { 0 };
	DECLARE_BITMAP(other, 128) = { 0 };
	unsigned long bit, end, seen = 0;

	BUG_ON(find_first_bit(map, 128) != 128 || find_last_bit(map, 128) != 128 || find_first_zero_bit(map, 128));
	set_bit(3, map); set_bit(63, map); set_bit(64, map); set_bit(100, map);
	set_bit(64, other); set_bit(5, other);
	BUG_ON(find_first_bit(map, 128) != 3 || find_next_bit(map, 128, 4) != 63 || find_next_bit(map, 128, 101) != 128);
	BUG_ON(find_next_bit(map, 99, 65) != 99 || find_last_bit(map, 128) != 100 || find_last_bit(map, 100) != 64);
	BUG_ON(find_next_zero_bit(map, 128, 63) != 65 || find_next_zero_bit(map, 65, 63) != 65);
	BUG_ON(find_first_and_bit(map, other, 128) != 64 || find_next_and_bit(map, other, 128, 65) != 128);
	BUG_ON(find_next_andnot_bit(map, other, 128, 64) != 100 || find_first_andnot_bit(map, other, 128) != 3);
	BUG_ON(find_next_or_bit(map, other, 128, 4) != 5 || find_nth_bit(map, 128, 2) != 64);
	BUG_ON(find_nth_and_bit(map, other, 128, 0) != 64 || find_nth_bit(map, 128, 4) != 128);
	BUG_ON(find_next_bit_wrap(map, 128, 101) != 3 || find_next_bit_wrap(other, 5, 3) != 5);
	for_each_set_bit(bit, map, 128)
		seen = seen * 7 + bit;
	BUG_ON(seen != ((3 * 7 + 63) * 7 + 64) * 7 + 100);
	seen = 0;
	for_each_set_bit_wrap(bit, map, 128, 64)
		seen = seen * 7 + bit;
	BUG_ON(seen != ((64 * 7 + 100) * 7 + 3) * 7 + 63);
	seen = 0;
	for_each_clear_bit(bit, map, 6)
		seen = seen * 7 + bit;
	BUG_ON(seen != (((0 * 7 + 1) * 7 + 2) * 7 + 4) * 7 + 5);
	seen = 0;
	bit = 4;
	for_each_clear_bit_from(bit, map, 6)
		seen = seen * 7 + bit;
	BUG_ON(seen != 4 * 7 + 5);
	seen = 0;
	bit = 64;
	for_each_set_bit_from(bit, map, 128)
		seen = seen * 7 + bit;
	BUG_ON(seen != 64 * 7 + 100);
	seen = 0;
	for_each_set_bitrange(bit, end, map, 128)
		seen = (seen * 7 + bit) * 7 + end;
	BUG_ON(seen != ((((3 * 7 + 4) * 7 + 63) * 7 + 65) * 7 + 100) * 7 + 101);
	seen = 0;
	bit = 64;
	for_each_set_bitrange_from(bit, end, map, 128)
		seen = (seen * 7 + bit) * 7 + end;
	BUG_ON(seen != ((64 * 7 + 65) * 7 + 100) * 7 + 101);
	seen = 0;
	for_each_clear_bitrange(bit, end, map, 65)
		seen = (seen * 7 + bit) * 7 + end;
	BUG_ON(seen != ((0 * 7 + 3) * 7 + 4) * 7 + 63);
	seen = 0;
	bit = 64;
	for_each_clear_bitrange_from(bit, end, map, 128)
		seen = (seen * 7 + bit) * 7 + end;
	BUG_ON(seen != ((65 * 7 + 100) * 7 + 101) * 7 + 128);
	seen = 0;
	for_each_and_bit(bit, map, other, 128)
		seen += bit;
	BUG_ON(seen != 64);
}
//# bitmaps: holds
#include <linux/bitmap.h>
INIT {
	DECLARE_BITMAP(a, 100);
	DECLARE_BITMAP(b, 100);
	DECLARE_BITMAP(c, 100);
	unsigned long *heap = bitmap_zalloc(100, GFP_KERNEL), *more = bitmap_alloc(100, GFP_KERNEL);

	BUG_ON(!heap || !more || !bitmap_empty(heap, 100));
	bitmap_zero(a, 100);
	bitmap_fill(b, 100);
	BUG_ON(!bitmap_empty(a, 100) || !bitmap_full(b, 100) || bitmap_weight(b, 100) != 100 || bitmap_equal(a, b, 100));
	bitmap_set(a, 60, 10);
	bitmap_clear(b, 65, 35);
	BUG_ON(bitmap_weight(a, 100) != 10 || bitmap_weight(b, 100) != 65);
	BUG_ON(!bitmap_and(c, a, b, 100) || bitmap_weight(c, 100) != 5 || find_first_bit(c, 100) != 60);
	BUG_ON(!bitmap_andnot(c, a, b, 100) || bitmap_weight(c, 100) != 5 || find_first_bit(c, 100) != 65);
	bitmap_or(c, a, b, 100);
	BUG_ON(bitmap_weight(c, 100) != 70);
	bitmap_xor(c, a, b, 100);
	BUG_ON(bitmap_weight(c, 100) != 65 || !bitmap_intersects(a, b, 100) || bitmap_subset(a, b, 100));
	bitmap_complement(c, a, 100);
	BUG_ON(bitmap_weight(c, 100) != 90 || bitmap_intersects(a, c, 100));
	bitmap_copy(c, a, 100);
	BUG_ON(!bitmap_equal(a, c, 100) || !bitmap_subset(a, c, 100));
	BUG_ON(bitmap_find_next_zero_area(a, 100, 55, 8, 7) != 72);
	BUG_ON(bitmap_find_free_region(a, 100, 3) != 0 || bitmap_find_next_zero_area(a, 100, 0, 8, 0) != 8);
	bitmap_free(heap);
	bitmap_free(more);
}
//# references are counted: holds
static struct kref kref$ = KREF_INIT(1);
static int gone$;
static DEFINE_SPINLOCK(lock$);
static DEFINE_MUTEX(mutex$);
static void release$(struct kref *kref) { gone$++; }
static void unlock$(struct kref *kref) { gone$++; spin_unlock(&lock$); }
static void mutex_unlock$(struct kref *kref) { gone$++; mutex_unlock(&mutex$); }
INIT {
	refcount_t r = REFCOUNT_INIT(1);
	atomic_t two = ATOMIC_INIT(2);
	unsigned long flags;

	refcount_inc(&r);
	refcount_add(3, &r);
	BUG_ON(refcount_read(&r) != 5 || refcount_sub_and_test(2, &r) || refcount_dec_if_one(&r));
	refcount_dec(&r);
	BUG_ON(!refcount_dec_not_one(&r) || refcount_dec_not_one(&r) || !refcount_dec_if_one(&r));
	BUG_ON(refcount_inc_not_zero(&r) || refcount_add_not_zero(2, &r));
	refcount_set(&r, 2);
	BUG_ON(!refcount_inc_not_zero(&r) || !refcount_add_not_zero(1, &r) || refcount_read(&r) != 4);
	BUG_ON(refcount_sub_and_test(3, &r) || !refcount_dec_and_test(&r));
	refcount_set(&r, 2);
	BUG_ON(refcount_dec_and_lock(&r, &lock$) || !refcount_dec_and_lock(&r, &lock$) || !spin_is_locked(&lock$));
	spin_unlock(&lock$);
	BUG_ON(_atomic_dec_and_lock(&two, &lock$) || !_atomic_dec_and_lock(&two, &lock$));
	spin_unlock(&lock$);
	refcount_set(&r, 1);
	BUG_ON(!refcount_dec_and_lock_irqsave(&r, &lock$, &flags) || !irqs_disabled());
	spin_unlock_irqrestore(&lock$, flags);
	refcount_set(&r, 2);
	BUG_ON(refcount_dec_and_mutex_lock(&r, &mutex$) || !refcount_dec_and_mutex_lock(&r, &mutex$));
	BUG_ON(!mutex_is_locked(&mutex$));
	mutex_unlock(&mutex$);
	kref_get(&kref$);
	BUG_ON(kref_read(&kref$) != 2 || !kref_get_unless_zero(&kref$) || kref_put(&kref$, release$));
	BUG_ON(kref_put(&kref$, release$) || !kref_put(&kref$, release$) || kref_get_unless_zero(&kref$));
	kref_init(&kref$);
	BUG_ON(!kref_put_lock(&kref$, unlock$, &lock$));
	kref_init(&kref$);
	BUG_ON(!kref_put_mutex(&kref$, mutex_unlock$, &mutex$) || gone$ != 3);
	BUG_ON(REFCOUNT_MAX != INT_MAX || REFCOUNT_SATURATED != INT_MIN / 2);
}
//# the last count takes a lock: holds
static atomic_t count$ = ATOMIC_INIT(2);
static DEFINE_SPINLOCK(lock$);
static int last$;
A {
	if (atomic_dec_and_lock(&count$, &lock$)) {
		last$++;
		spin_unlock(&lock$);
	}
}
B {
	unsigned long flags;

	if (atomic_dec_and_lock_irqsave(&count$, &lock$, flags)) {
		last$++;
		spin_unlock_irqrestore(&lock$, flags);
	}
}
EXIT {
	stop_all();
	BUG_ON(last$ != !atomic_read(&count$));
}
//# the last count takes a mutex: holds
static atomic_t count$ = ATOMIC_INIT(2);
static DEFINE_MUTEX(mutex$);
static int last$;
A {
	if (atomic_dec_and_mutex_lock(&count$, &mutex$)) {
		last$++;
		mutex_unlock(&mutex$);
	}
}
B {
	if (atomic_dec_and_mutex_lock(&count$, &mutex$)) {
		last$++;
		mutex_unlock(&mutex$);
	}
}
//# a reference from zero: refcount
static refcount_t r$;
INIT {
	refcount_inc(&r$);
}
//# a reference too few: refcount
static refcount_t r$;
INIT {
	BUG_ON(refcount_dec_and_test(&r$));
}
//# the last one dropped blindly: refcount
static refcount_t r$ = REFCOUNT_INIT(1);
INIT {
	refcount_dec(&r$);
}
//# too many references: refcount
static refcount_t r$ = REFCOUNT_INIT(REFCOUNT_MAX);
INIT {
	refcount_inc(&r$);
}
//# a kref from zero: refcount
static struct kref k$;
INIT {
	kref_get(&k$);
}
"#;
