//! What a program gets that depends on `ringzero` alone: its packages, their sizes, and the time to build them.

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A package of the build.
#[derive(Debug, Default, PartialEq)]
struct Package {
    /// Bytes of Rust source.
    source: u64,
    /// Bytes of the compiled library.
    compiled: u64,
    /// Seconds to compile it, its build script and that one's run among them.
    seconds: f64,
}

/// Packages by name and version.
type Packages = BTreeMap<(String, String), Package>;

/// Builds `ringzero` from nothing, without features, in release; prints a table.
pub fn print(root: &Path) -> Result<()> {
    let target = root.join("target/bench-dependencies");
    if target.exists() {
        std::fs::remove_dir_all(&target)?;
    }
    let mut command = crate::cargo(root);
    command.args(["build", "--quiet", "--release", "--locked", "--package", "ringzero", "--timings", "--target-dir"]);
    let status = command.arg(&target).status()?;
    ensure!(status.success(), "bench dependencies: {status}");
    let (mut packages, elapsed) = timings(&std::fs::read_to_string(target.join("cargo-timings/cargo-timing.html"))?)?;
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec()?;
    for known in &metadata.packages {
        let key = (known.name.to_string(), known.version.to_string());
        if let (Some(package), Some(folder)) = (packages.get_mut(&key), known.manifest_path.parent()) {
            package.source = size(&folder.join("src").into_std_path_buf(), &|name| name.ends_with(".rs"))?;
            let library = format!("lib{}-", key.0.replace('-', "_"));
            let is_library = |name: &str| name.starts_with(&library) && name.ends_with(".rlib");
            package.compiled = size(&target.join("release/deps"), &is_library)?;
        }
    }
    print!("{}", table(&packages, elapsed));
    Ok(())
}

/// What cargo's report says: who was built for how long, and how long all took.
fn timings(report: &str) -> Result<(Packages, f64)> {
    let (_, data) = report.split_once("const UNIT_DATA = ").context("cargo's report of timings has no data")?;
    let units = serde_json::Deserializer::from_str(data).into_iter::<Vec<Value>>().next();
    let (mut packages, mut elapsed) = (Packages::new(), 0.0_f64);
    for unit in units.context("cargo's report of timings has no units")?? {
        let text = |key: &str| unit[key].as_str().map(str::to_owned).with_context(|| format!("a unit's {key}"));
        let number = |key: &str| unit[key].as_f64().with_context(|| format!("a unit's {key}"));
        packages.entry((text("name")?, text("version")?)).or_default().seconds += number("duration")?;
        elapsed = elapsed.max(number("start")? + number("duration")?);
    }
    Ok((packages, elapsed))
}

/// The bytes of the files in `folder` and below whose names are wanted.
fn size(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sum += size(&entry.path(), wanted)?;
        } else if entry.file_name().to_str().is_some_and(wanted) {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

fn table(packages: &Packages, elapsed: f64) -> String {
    let mut text =
        format!("{:<21}{:>8}{:>14}{:>16}{:>9}\n", "package", "version", "source, KiB", "compiled, KiB", "seconds");
    let kib = |bytes: u64| bytes.div_ceil(1024);
    for ((name, version), p) in packages {
        text += &format!("{name:<21}{version:>8}{:>14}{:>16}{:>9.2}\n", kib(p.source), kib(p.compiled), p.seconds);
    }
    let sum = |what: fn(&Package) -> u64| kib(packages.values().map(what).sum());
    let (source, compiled) = (sum(|p| p.source), sum(|p| p.compiled));
    text +=
        &format!("{:<29}{source:>14}{compiled:>16}{elapsed:>9.2}\n", format!("{} packages, elapsed", packages.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_all_its_units() {
        let report = r#"before
const UNIT_DATA = [
  {"name": "libc", "version": "0.2.1", "start": 0.0, "duration": 1.5},
  {"name": "libc", "version": "0.2.1", "start": 1.5, "duration": 0.25},
  {"name": "ringzero", "version": "0.1.0", "start": 1.75, "duration": 2.0}
];
const CONCURRENCY_DATA = [];"#;
        let (packages, elapsed) = timings(report).unwrap();
        let seconds: Vec<f64> = packages.values().map(|p| p.seconds).collect();
        assert_eq!((seconds, elapsed), (vec![1.75, 2.0], 3.75));
        let table = table(&packages, elapsed);
        assert_eq!(table.lines().count(), 4);
        assert!(table.ends_with("2 packages, elapsed                       0               0     3.75\n"), "{table}");
    }

    #[test]
    fn a_report_without_data_is_an_error() {
        assert!(timings("<html>").is_err());
    }
}
