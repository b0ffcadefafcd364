//! `ringzero check FILE.c`: verdicts and exit codes, and what is said of input that is no module. Traces are in
//! `c_replay.rs`.

mod common;

use common::{Said, check, command, folder};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A folder with sources, and one for temporary files that has to be empty in the end.
struct Place {
    dir: PathBuf,
    temp: PathBuf,
}

impl Place {
    fn new() -> Self {
        let (dir, temp) = (folder("c"), folder("c-temp"));
        Self { dir, temp }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        fs::write(self.dir.join(name), text).expect("it can be written");
        self
    }

    fn module(&self, name: &str, body: &str) -> &Self {
        self.write(name, format!("#include <linux/module.h>\n{body}"))
    }

    /// Runs `check` in the folder.
    fn check_with(&self, args: &[&str], env: &[(&str, &Path)]) -> Said {
        let mut c = command(&[&["check"], args].concat());
        c.current_dir(&self.dir).env("TMPDIR", &self.temp).envs(env.iter().copied());
        let said: Said = c.output().expect("the command runs").into();
        let left = fs::read_dir(&self.temp).expect("the folder is there").count();
        assert_eq!(left, 0, "{args:?} leaves something in TMPDIR");
        said
    }

    fn check(&self, args: &[&str]) -> Said {
        self.check_with(args, &[])
    }

    /// What is said of what cannot be loaded.
    #[track_caller]
    fn refused(&self, args: &[&str], parts: &[&str]) {
        let said = self.check(args).exits(3);
        assert_eq!(said.out, "", "{args:?}");
        for part in parts {
            assert!(said.err.contains(part), "no {part:?} for {args:?} in:\n{}", said.err);
        }
    }
}

/// Without a compiler there is nothing to test here; CI has one.
fn compiler() -> bool {
    let there =
        ["gcc", "clang", "cc"].iter().any(|cc| std::process::Command::new(cc).arg("--version").output().is_ok());
    if !there {
        println!("SKIPPED: no C compiler");
    }
    there
}

const GOOD: &str = "\
static int number = 3;
module_param(number, int, 0644);
static int __init good_init(void) { pr_info(\"number %d\\n\", number); return number == 5 ? -ENODEV : 0; }
static void __exit good_exit(void) { }
module_init(good_init);
module_exit(good_exit);
";
const BAD: &str = "\
#include <linux/slab.h>
static void *p;
static int __init bad_init(void) { p = kmalloc(8, GFP_KERNEL); return 0; }
static void __exit bad_exit(void) { }
module_init(bad_init);
module_exit(bad_exit);
";

#[test]
fn files_that_are_no_c() {
    let p = Place::new();
    p.refused(&["missing.c"], &["missing.c: no such file"]);
    p.refused(&["missing"], &["no program and no file `missing`"]);
    p.write("notes.txt", "static int x;").refused(&["notes.txt"], &["notes.txt: not a C file"]);
    p.write("tool", b"\x7fELF\0").refused(&["tool"], &["tool: not a C file"]);
    p.write("binary.c", b"int x;\n\x7fELF\0").refused(&["binary.c"], &["binary.c:2: not C"]);
    p.write("large.c", vec![b'\n'; 10 << 20]).refused(&["large.c"], &["large.c: 10485760 bytes", "4 MB"]);
    symlink("b.c", p.dir.join("a.c")).expect("a link");
    symlink("a.c", p.dir.join("b.c")).expect("a link");
    p.refused(&["a.c"], &["a.c: a loop of symbolic links"]);
    symlink("nowhere.c", p.dir.join("dangling.c")).expect("a link");
    p.refused(&["dangling.c"], &["dangling.c: no such file"]);
    p.write("empty.c", "").refused(&["empty.c"], &["empty.c: "]);
}

#[test]
fn folders_that_are_no_module() {
    let p = Place::new();
    fs::create_dir(p.dir.join("driver")).expect("a folder");
    p.refused(&["driver"], &["driver: a folder without Kbuild or Makefile"]);
    p.write("driver/Kbuild", "obj-m += one.o two.o\n");
    p.refused(&["driver"], &["driver/Kbuild:1: several modules (one.o, two.o)"]);
    p.write("driver/Kbuild", "obj-m += one.o\n").refused(&["driver"], &["driver/Kbuild:1", "one.c", "no such file"]);
    p.write("driver/Kbuild", "# nothing\n").refused(&["driver"], &["driver/Kbuild: ", "obj-m"]);
}

#[test]
fn what_the_compiler_or_the_loader_refuses() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    p.module("syntax.c", "static int __init f(void)\n{\n\treturn nope;\n}\nmodule_init(f);\n");
    p.refused(&["syntax.c"], &["syntax.c:4:", "error: ", "nope"]);
    p.module("header.c", "#include <linux/no_such_header.h>\n");
    p.refused(&["header.c"], &["header.c:2:", "no_such_header.h"]);
    p.module("noinit.c", "int f(void);\nint f(void) { return 1; }\n");
    p.refused(&["noinit.c"], &["noinit.c: no module_init()"]);
    let unknown = "\
void call_rcu(void *);
int frobnicate(int);
void rcu_barrier(void);
static int __init f(void)
{
	call_rcu(0);
	rcu_barrier();
	return frobnicate(3);
}
module_init(f);
";
    p.module("unknown.c", unknown);
    p.refused(
        &["unknown.c"],
        &[
            "3 unknown symbols",
            "call_rcu at unknown.c:7: planned (",
            "rcu_barrier at unknown.c:8: planned (",
            "frobnicate at unknown.c:9: not in docs/linux-map.md",
        ],
    );
}

#[test]
fn comments_and_parameters_that_are_not_understood() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    let with = |lines: &str| format!("{lines}#include <linux/module.h>\n{GOOD}");
    let cases: &[(&str, &str)] = &[
        ("\n// ringzero: cpsu 3\n", "x.c:2: `cpsu 3` is not understood; there are: arrivals IRQ N, cpus N"),
        ("// ringzero: cpus\n", "x.c:1: `cpus` is not understood"),
        ("// ringzero: cpus many\n", "x.c:1: `many` is not a number"),
        ("// ringzero: cpus 17\n", "x.c:1: a machine has 1 to 16 CPUs"),
        ("// ringzero: arrivals 4000000 1\n", "x.c:1: there is no line 4000000"),
        ("// ringzero: preempt maybe\n", "x.c:1: `maybe` is none of: none, voluntary, full"),
        ("// ringzero: data-race kasan\n", "x.c:1: `kasan` is none of: strict, kcsan, off"),
        ("// expect: fails\n", "x.c:1: `expect:` is followed by"),
        ("// expect: violated\n", "x.c:1: `expect:` is followed by"),
        ("// expect: violated bad-luck\n", "x.c:1: there is no finding `bad-luck`"),
    ];
    for (lines, message) in cases {
        p.write("x.c", with(lines)).refused(&["x.c"], &[message]);
    }
    p.module("good.c", GOOD).check(&["good.c", "--param", "number=4"]).exits(0);
    p.refused(&["good.c", "--param", "numbr=4"], &["good.c: there is no parameter `numbr`: it has number"]);
    p.refused(&["good.c", "--param", "number=four"], &["`number` (int) cannot be `four`"]);
    p.refused(&["good.c", "--param", "number=99999999999"], &["`number`", "99999999999"]);
    p.refused(&["hardirq-lock-fixed", "--param", "number=1"], &["hardirq-lock-fixed", "no parameters"]);
}

#[test]
fn without_a_compiler() {
    let p = Place::new();
    let nothing = folder("c-path");
    let path: &[(&str, &Path)] = &[("PATH", &nothing), ("CC", Path::new(""))];
    p.module("good.c", GOOD);
    for (args, package) in [(["good.c"], "apt-get install gcc"), (["c/hardirq-lock-fixed"], "apt-get install gcc")] {
        let said = p.check_with(&args, path).exits(3);
        assert!(said.err.contains("no C compiler found") && said.err.contains(package), "{}", said.err);
    }
    let said = p.check_with(&["good.c"], &[("CC", Path::new("no-such-compiler"))]).exits(3);
    assert!(said.err.contains("'no-such-compiler'") && said.err.contains("apt-get install"), "{}", said.err);
    let said = p.check_with(&["good.c"], &[("CC", Path::new("/bin/false"))]).exits(3);
    assert!(said.err.contains("/bin/false"), "{}", said.err);
    // Rust programs need none.
    p.check_with(&["hardirq-lock-fixed"], path).exits(0);
}

#[test]
fn the_gallery_without_a_compiler_skips_what_is_in_c_and_says_so() {
    let p = Place::new();
    let nothing = folder("c-path");
    let path: &[(&str, &Path)] = &[("PATH", &nothing), ("CC", Path::new(""))];
    let said = p.check_with(&["--gallery"], path).exits(0);
    let skipped: Vec<&str> = said.out.lines().filter(|l| l.contains(" SKIPPED (")).collect();
    assert!(skipped.len() >= 100, "{}", said.out);
    assert!(skipped.iter().all(|l| l.starts_with("c/") && l.contains("apt-get install gcc")), "{skipped:?}");
    let last = said.out.lines().last().unwrap_or_default();
    assert!(last.starts_with("gallery: ") && last.contains(&format!(", {} SKIPPED, ", skipped.len())), "{last}");
    let counted: Vec<&str> = last.split(' ').collect();
    assert_eq!(counted[1], counted[3], "{last}");
}

#[test]
fn odd_file_names_work() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    for name in ["two words.c", "a\"b'c.c", "$(x) `y`.c", "-dash.c", "@at.c", "ö.c", "100%s.c"] {
        let said = p.module(name, BAD).check(&["--", name]).exits(1);
        assert!(said.out.contains("error[leak]"), "{name}: {}", said.out);
        let json = p.check(&["--json", "--", name]).exits(1);
        assert_eq!(json.objects()[0]["program"], name);
        let trace = p.dir.join(json.objects()[0]["trace"].as_str().expect("a path"));
        let text = fs::read_to_string(trace).expect("the trace is there");
        assert!(text.contains(&format!("{name}:4")), "{text}");
    }
}

#[test]
fn an_init_that_fails_is_no_finding() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    let said = p.module("good.c", GOOD).check(&["good.c", "--param", "number=5"]).exits(0);
    assert!(
        said.out.contains("good.c: holds") && said.out.contains("module_init returned -19 (ENODEV)"),
        "{}",
        said.out
    );
    let said = p.check(&["good.c", "--param", "number=5", "--json"]).exits(0);
    assert_eq!((&said.objects()[0]["init"], &said.objects()[0]["verdict"]), (&(-19).into(), &"holds".into()));
    let said = p.check(&["good.c"]).exits(0);
    assert!(!said.out.contains("module_init returned"), "{}", said.out);
}

#[test]
fn inline_assembly_is_named_as_unseen() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    let said = p.module("asm.c", &format!("{GOOD}void f(void);\nvoid f(void)\n{{\n\tasm volatile(\"nop\");\n}}\n"));
    let said = said.check(&["asm.c"]).exits(0);
    assert!(said.err.contains("asm.c:11: warning: inline assembly is not seen by the checker"), "{}", said.err);
    assert_eq!(p.module("good.c", GOOD).check(&["good.c"]).exits(0).err, "");
}

#[test]
fn the_verdict_is_the_exit_code_unless_one_is_expected() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    let said = p.module("good.c", GOOD).module("bad.c", BAD).check(&["good.c"]).exits(0);
    assert!(said.out.starts_with("good.c: holds\n"), "{}", said.out);
    let said = p.check(&["bad.c"]).exits(1);
    assert!(said.out.starts_with("error[leak]: ") && said.out.contains("bad.c: violated\n"), "{}", said.out);
    assert!(!said.out.contains("xpected"), "{}", said.out);
    let expecting = |expected: &str, body: &str| {
        p.write("x.c", format!("// expect: {expected}\n#include <linux/module.h>\n{body}"));
        p.check(&["x.c"])
    };
    for (expected, body, met) in [
        ("holds", GOOD, true),
        ("violated leak", BAD, true),
        ("violated leak", GOOD, false),
        ("holds", BAD, false),
        ("violated deadlock", BAD, false),
        ("not-found", GOOD, false),
    ] {
        let said = expecting(expected, body).exits(i32::from(!met));
        let words =
            if met { format!("  as expected: {expected}\n") } else { format!("  NOT AS EXPECTED: {expected}\n") };
        assert!(said.out.contains(&words), "{}", said.out);
    }
}

#[test]
fn one_case_of_a_suite_has_the_finding_that_its_file_expects() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    let with = |expected: &str, suite: &str| {
        p.write("suite.c", format!("// expect: {expected}\n{suite}"));
        p.check(&["suite.c"])
    };
    let said = with("violated kunit", SUITE).exits(0);
    assert!(said.out.contains("subtracts: violated\n  as expected: violated kunit\n"), "{}", said.out);
    assert!(said.out.contains("adds: holds\n  as may be: violated kunit"), "{}", said.out);
    with("violated bug", SUITE).exits(1);
    with("holds", SUITE).exits(1);
    let good = SUITE.replace("2 - 1, 2", "2 - 1, 1");
    let said = with("violated kunit", &good).exits(1);
    assert!(said.out.ends_with("suite.c: NOT AS EXPECTED in any of its cases: violated kunit\n"), "{}", said.out);
    with("holds", &good).exits(0);
}

#[test]
fn several_files_are_one_module_unless_each_has_an_init() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    p.module("good.c", GOOD)
        .module("bad.c", BAD)
        .module("other.c", "int other(void);\nint other(void) { return 0; }\n");
    let said = p.check(&["good.c", "other.c", "--json"]).exits(0);
    let programs = |said: &Said| said.objects().iter().map(|o| o["program"].to_string()).collect::<Vec<_>>();
    assert_eq!(programs(&said), ["\"good.c other.c\""]);
    let said = p.check(&["good.c", "bad.c", "--json"]).exits(1);
    assert_eq!(programs(&said), ["\"good.c\"", "\"bad.c\""]);
    p.refused(&["good.c", "missing.c"], &["missing.c: no such file"]);
}

#[test]
fn json_has_what_c_programs_add() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    p.write("x.c", format!("// expect: violated leak\n// ringzero: cpus 3\n#include <linux/module.h>\n{BAD}"));
    let said = p.check(&["x.c", "--json", "--data-race", "kcsan"]).exits(0);
    let o = &said.objects()[0];
    for (key, value) in
        [("verdict", "violated"), ("finding", "leak"), ("expected", "violated leak"), ("program", "x.c")]
    {
        assert_eq!(o[key], value, "{o}");
    }
    assert_eq!((&o["bounds"]["cpus"], &o["bounds"]["data_race"]), (&3.into(), &"kcsan".into()), "{o}");
    assert!(o["init"].is_null() && o["skipped"].is_null(), "{o}");
    // The command line is stronger than the file.
    let said = p.check(&["x.c", "--json", "--cpus", "2"]).exits(0);
    assert_eq!(said.objects()[0]["bounds"]["cpus"], 2);
}

const SUITE: &str = r#"#include <kunit/test.h>
#include <linux/module.h>
static void adds(struct kunit *test) { KUNIT_EXPECT_EQ(test, 1 + 1, 2); }
static void subtracts(struct kunit *test)
{
	pr_info("subtracting\n");
	KUNIT_EXPECT_EQ(test, 2 - 1, 2);
}
static void skips(struct kunit *test) { kunit_skip(test, "no device"); }
static struct kunit_case cases[] = { KUNIT_CASE(adds), KUNIT_CASE(subtracts), KUNIT_CASE(skips), {} };
static struct kunit_suite sums = { .name = "sums", .test_cases = cases };
static struct kunit_case other_cases[] = { KUNIT_CASE(adds), {} };
static struct kunit_suite other = { .name = "other", .test_cases = other_cases };
kunit_test_suites(&sums, &other);
"#;

const TAP: &str = "\
KTAP version 1
1..2
    KTAP version 1
    # Subtest: sums
    1..3
    ok 1 adds
    # subtracts: kunit at suite.c:7: subtracts: Expected 2 - 1 == 2, but
    #     2 - 1 == 1
    # subtracting
    # subtracts: EXPECTATION FAILED at suite.c:7
    #     Expected 2 - 1 == 2, but
    #         2 - 1 == 1
    not ok 2 subtracts
    ok 3 skips # SKIP no device
# sums: pass:1 fail:1 skip:1 total:3
# Totals: pass:1 fail:1 skip:1 total:3
not ok 1 sums
    KTAP version 1
    # Subtest: other
    1..1
    ok 1 adds
# other: pass:1 fail:0 skip:0 total:1
# Totals: pass:1 fail:0 skip:0 total:1
ok 2 other
";

#[test]
fn kunit_results_are_printed_as_the_kernel_does() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    assert_eq!(p.write("suite.c", SUITE).check(&["suite.c", "--tap"]).exits(1).out, TAP);
    let said = p.check(&["suite.c", "--json"]).exits(1);
    let verdicts: Vec<_> = said.objects().iter().map(|o| format!("{} {}", o["program"], o["verdict"])).collect();
    assert_eq!(verdicts[1], "\"suite.c: sums.subtracts\" \"violated\"");
    assert_eq!(verdicts.len(), 4);
    assert_eq!(said.objects()[2]["skipped"], "no device");
    let said = p.check(&["suite.c"]).exits(1);
    assert!(said.out.contains("suite.c: sums.skips: holds\n  the case was skipped: no device"), "{}", said.out);
    let good = SUITE.replace("2 - 1, 2", "2 - 1, 1");
    let said = p.write("suite.c", good).check(&["suite.c", "--tap"]).exits(0);
    assert!(said.out.contains("    ok 2 subtracts\n") && said.out.contains("\nok 1 sums\n"), "{}", said.out);
}

const LOGS: &str = r#"
static int x;
static int __init log_init(void)
{
	pr_info("number %d, hex %#x, text %s, char %c, wide %5d|%-5s|\n", -3, 255, "abc", 'z', 7, "ab");
	pr_warn("pointer %p\n", &x);
	pr_warn("the same %p, none %p\n", &x, NULL);
	pr_err("error %pe\n", ERR_PTR(-EINVAL));
	printk(KERN_DEBUG "one");
	pr_cont(" line\n");
	printk("%s", "in");
	pr_cont(" %s", "parts\nand another");
	return 0;
}
static void __exit log_exit(void) { pr_notice("gone\n"); BUG(); }
module_init(log_init);
module_exit(log_exit);
"#;

#[test]
fn what_is_logged_is_in_the_report_and_printed_on_request() {
    if !compiler() {
        return;
    }
    let p = Place::new();
    let said = p.module("log.c", LOGS).check(&["log.c"]).exits(1);
    let rows: Vec<&str> = said.out.lines().filter_map(|l| l.split_once(" log | ").map(|l| l.1.trim_end())).collect();
    let lines = [
        "number -3, hex 0xff, text abc, char z, wide     7|ab   |",
        "error -EINVAL",
        "one line",
        "in parts",
        "and another",
        "gone",
    ];
    for line in lines {
        assert!(rows.contains(&line), "{line:?} in {rows:?}\n{}", said.out);
    }
    assert!(!said.out.contains("  | gone"), "{}", said.out);
    let logged = p.check(&["log.c", "--log"]).exits(1);
    for line in lines {
        assert!(logged.out.contains(&format!("\n  | {line}\n")), "{line:?} in {}", logged.out);
    }
    let json = p.check(&["log.c", "--log", "--json"]).exits(1);
    assert_eq!(json.objects()[0]["log"].as_array().map(Vec::len), Some(rows.len()), "{}", json.out);
    // A program that holds has a log as well.
    let said = p.module("good.c", GOOD).check(&["good.c", "--log"]).exits(0);
    assert!(said.out.ends_with("  | number 3\n"), "{}", said.out);
}

#[test]
fn programs_of_the_gallery_have_names() {
    if !compiler() {
        return;
    }
    let said = check(&["c/hardirq-lock-buggy", "c/hardirq-lock-fixed", "c/kunit-counter-buggy"]).exits(0);
    assert!(said.out.contains("  --> gallery/c/hardirq-lock-buggy.c:"), "{}", said.out);
    assert_eq!(said.out.matches("  as expected: ").count(), 3, "{}", said.out);
}

#[test]
fn the_headers_can_be_found() {
    let said = common::ringzero(&["headers"]).exits(0);
    let dir = Path::new(said.out.trim_end());
    for header in ["linux/module.h", "linux/spinlock.h", "asm/barrier.h", "kunit/test.h"] {
        assert!(dir.join(header).is_file(), "{header}");
    }
}
