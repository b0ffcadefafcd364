//! Folders with a Kbuild file.

mod common;

use common::{Folder, call, compilers, exports, headers};
use ringzero_module::{Loaded, Source, build};

fn files(source: &Source) -> Vec<String> {
    source.files().iter().map(|file| file.path().file_name().unwrap().to_string_lossy().into_owned()).collect()
}

fn of(folder: &Folder) -> Result<Source, String> {
    Source::of(&[folder.path().to_owned()]).map_err(|error| error.to_string())
}

#[test]
fn one_object_is_one_file() {
    let folder = Folder::new();
    folder.write("my-drv.c", "");
    folder.write("Makefile", "obj-m += my-drv.o # mine\nall:\n\tmake obj-m=x\n");
    let source = of(&folder).unwrap();
    assert_eq!((source.module(), files(&source)), ("my_drv", vec!["my-drv.c".to_owned()]));
}

#[test]
fn parts_and_flags_are_honoured() {
    let folder = Folder::new();
    folder.write(
        "a.c",
        "#include <part.h>\n#include \"near.h\"\nlong other(void);\nlong f(void) { return other() + PART + NEAR; }\n",
    );
    folder.write("b.c", "long other(void) { return LEVEL + sizeof(TEXT) + sizeof(KBUILD_MODNAME); }\n");
    folder.write("near.h", "#define NEAR 4000\n");
    folder.write("in c/part.h", "#define PART 300\n");
    folder.write(
        "Kbuild",
        "drv-y := a.o \\\n  b.o\nobj-$(CONFIG_DRV) := drv.o\nparts = in\\ c\n\
         ccflags-y += -DLEVEL=20 -I\"$(src)/$(parts)\" -Wextra '-DTEXT=\"four\"' -O0\ndrv-$(CONFIG_MORE) += absent.o\n",
    );
    folder.write("Makefile", "obj-m := wrong.o\n");
    let source = of(&folder).unwrap();
    assert_eq!((source.module(), files(&source)), ("drv", vec!["a.c".to_owned(), "b.c".to_owned()]));
    assert_eq!(source.ignored_flags(), ["-Wextra", "-O0"]);
    for compiler in compilers() {
        let built = build(&source, &compiler, &headers(), &exports(), &[]).unwrap();
        assert_eq!(call(&Loaded::load(&built, &exports()).unwrap(), "f"), 4000 + 300 + 20 + 5 + 4);
    }
}

#[test]
fn the_usual_two_part_makefile_is_understood() {
    let folder = Folder::new();
    folder.write("x.c", "");
    folder.write("y.c", "");
    folder.write(
        "Makefile",
        "ifneq ($(KERNELRELEASE),)\nobj-m := x.o\nelse\nobj-m := y.o\nKDIR ?= /lib/modules/$(shell uname -r)/build\n\
         default:\n\t$(MAKE) -C $(KDIR) M=$$PWD modules\nendif\nifdef CONFIG_MORE\nobj-m += y.o\nendif\n\
         ifeq ($(A),1)\nobj-m += y.o\nelse ifeq \"$(KERNELRELEASE)\" \"no\"\nobj-m += y.o\nelse\nx-objs := x.o y.o\nendif\n",
    );
    assert_eq!(files(&of(&folder).unwrap()), ["x.c", "y.c"]);
}

#[test]
fn what_a_folder_lacks_is_named_with_its_line() {
    let folder = Folder::new();
    folder.write("Kbuild", "# nothing\n");
    assert!(of(&folder).unwrap_err().contains("Kbuild: no obj-m line"));
    folder.write("Kbuild", "\nobj-m := a.o\nobj-m += b.o c.o\n");
    assert!(of(&folder).unwrap_err().ends_with("Kbuild:3: several modules (a.o, b.o, c.o): name the C files of one"));
    folder.write("Kbuild", "obj-m := a.o\na-y := b.o\na-y += gone.o\n");
    folder.write("b.c", "");
    let text = of(&folder).unwrap_err();
    assert!(text.contains("Kbuild:3: ") && text.ends_with("gone.c: no such file"), "{text}");
    folder.write("Kbuild", "obj-m := sub/\n");
    assert!(of(&folder).unwrap_err().contains("Kbuild:1: obj-m names sub/"));
    folder.write("Kbuild", "obj-m := entry.o\n");
    folder.write("entry.S", "");
    assert!(of(&folder).unwrap_err().ends_with("entry.S is assembly, not C"));
    let other = folder.write("b.c", "");
    let error = Source::of(&[folder.path().to_owned(), other]).unwrap_err().to_string();
    assert!(error.ends_with("not both"), "{error}");
}

#[test]
fn a_makefile_in_circles_ends() {
    let folder = Folder::new();
    let circle = "$(a)".repeat(40);
    folder.write("Kbuild", format!("a = {circle}\nobj-m := $(a) x.o\n"));
    folder.write("x.c", "");
    assert_eq!(files(&of(&folder).unwrap()), ["x.c"]);
}
