//! The arguments.

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use ringzero::program::{DataRace, Settings};
use ringzero::{PreemptModel, Strategy, TimeModel};
use std::path::PathBuf;
use std::time::Duration;

/// Explores kernel-style concurrent programs: every interleaving and every arrival of an interrupt that matters.
#[derive(Debug, Parser)]
#[command(name = "ringzero", version, about, after_help = AFTER)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "Exit status: 0 nothing violated (with --gallery: all as expected), 1 something violated (or not as \
expected), 2 usage, 3 a program or trace could not be loaded, 4 run: the module's init failed, 5 run: something still \
runs or is left behind, 70 a bug of Ringzero itself.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Checks programs and reports violated rules.
    Check(Check),
    /// Runs a program at full speed on the machine of threads: inserts the module, lets it run, removes it.
    Run(Run),
    /// Replays a trace and prints its report again.
    Replay {
        /// The trace file.
        trace: PathBuf,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Explains a finding's code.
    Explain {
        /// The code, as reports give it.
        code: String,
    },
    /// Prints the folder of the C headers, for editors and Makefiles.
    Headers,
    /// Lists the programs.
    List {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub struct Run {
    /// The name of a program (see `list`), C files of one module, or a folder with a Kbuild file.
    #[arg(required = true)]
    pub programs: Vec<PathBuf>,
    /// CPUs of the machine, each a thread [default: what the program asks for, else as many as there are processors, but
    /// at least 2].
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub cpus: Option<u8>,
    /// Seconds from the end of init to exit [default: until nothing is left that happens by itself; 1 with --devices].
    #[arg(long, value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Seconds that init, exit, and then the end of all tasks may take, each, before they are given up.
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    pub patience: f64,
    /// C: a module parameter; may be given several times.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Interrupts come at any instruction of the module, and tasks are preempted there; without it, at safe points.
    #[arg(long)]
    pub async_irqs: bool,
    /// Simulates a device behind each interrupt line, which raises it so often on the average: 100us, 10ms, 1s.
    #[arg(long, value_name = "PERIOD", value_parser = period)]
    pub devices: Option<Duration>,
    /// How the kernel's log (printk) is printed.
    #[arg(long, value_enum, default_value_t = LogArg::Plain)]
    pub log: LogArg,
    /// Print the summary as one JSON object; the log goes to stderr.
    #[arg(long)]
    pub json: bool,
}

/// How log lines are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogArg {
    /// As they are.
    Plain,
    /// With the seconds since the machine began.
    Time,
    /// Not at all.
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum StrategyArg {
    Exhaustive,
    Random,
    Pct,
    Pos,
    Sample,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TimeArg {
    Free,
    Strict,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PreemptArg {
    None,
    Voluntary,
    Full,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GranularityArg {
    Coarse,
    Fine,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DataRaceArg {
    Strict,
    Kcsan,
    Off,
}

#[derive(Debug, ClapArgs)]
pub struct Check {
    /// Names of programs (see `list`), C files, or a folder with a Kbuild file. Several C files are one module, unless
    /// more than one of them has an init function.
    #[arg(required_unless_present = "gallery", conflicts_with = "gallery")]
    pub programs: Vec<PathBuf>,
    /// Check all of the bug gallery and compare with the expected verdicts.
    #[arg(long)]
    pub gallery: bool,
    /// How to choose the next step; default: exhaustive, then the samplers on what is left of the budget.
    #[arg(long)]
    pub strategy: Option<StrategyArg>,
    /// Threads that search exhaustively (the samplers, and a search with a bound on preemptions, use one).
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// CPUs of the machine [default: 2].
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub cpus: Option<u8>,
    /// Arrivals a line [default: 1].
    #[arg(long)]
    pub interrupts: Option<u32>,
    /// Arrivals a non-maskable line [default: 1].
    #[arg(long)]
    pub nmis: Option<u32>,
    /// Expirations a timer [default: 2].
    #[arg(long)]
    pub expiries: Option<u32>,
    /// Failed allocations [default: 0].
    #[arg(long)]
    pub failures: Option<u32>,
    /// Involuntary task switches [default: unbounded]; a bound makes the search a plain one.
    #[arg(long)]
    pub preemptions: Option<u32>,
    /// Steps of one execution [default: 10000].
    #[arg(long)]
    pub steps: Option<u32>,
    /// Executions at most [default: 1000000].
    #[arg(long)]
    pub executions: Option<u64>,
    /// Seconds at most [default: 60].
    #[arg(long, value_parser = seconds)]
    pub seconds: Option<f64>,
    /// The samplers' seed [default: 0].
    #[arg(long)]
    pub seed: Option<u64>,
    /// Timers expire at any step, or only when all is idle [default: free].
    #[arg(long)]
    pub time: Option<TimeArg>,
    /// The preemption model [default: full].
    #[arg(long)]
    pub preempt: Option<PreemptArg>,
    /// Steps as few as a primitive's meaning allows, or its own atomics [default: coarse].
    #[arg(long)]
    pub granularity: Option<GranularityArg>,
    /// Go on after a violation.
    #[arg(long)]
    pub all_classes: bool,
    /// C: which data races are findings: all, those that KCSAN tells of (unmarked writes of an aligned word count as
    /// marked), or none [default: strict].
    #[arg(long)]
    pub data_race: Option<DataRaceArg>,
    /// C: seconds of processor time that code may run without coming to a step [default: 0.5].
    #[arg(long, value_parser = seconds)]
    pub lockup: Option<f64>,
    /// C: a module parameter; may be given several times.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// C: print KUnit results as the kernel does (KTAP).
    #[arg(long, conflicts_with = "json")]
    pub tap: bool,
    /// Print what the program logs in its plainest execution (printk), too.
    #[arg(long)]
    pub log: bool,
    /// Print one JSON object a line for each program.
    #[arg(long)]
    pub json: bool,
    /// Where traces are written.
    #[arg(long, default_value = "target/ringzero")]
    pub trace_dir: PathBuf,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(s) if (0.0..=1e9).contains(&s) => Ok(s),
        _ => Err("a number of seconds from 0 to 1000000000 is expected".to_owned()),
    }
}

fn period(text: &str) -> Result<Duration, String> {
    let expected = || "a time like 100us, 10ms or 1s is expected".to_owned();
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(expected)?;
    let scale = match &text[unit..] {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return Err(expected()),
    };
    let seconds = text[..unit].parse::<f64>().map_err(|_| expected())? * scale;
    if (1e-6..=1e6).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(expected()) }
}

fn set<T>(to: &mut T, from: Option<T>) {
    if let Some(v) = from {
        *to = v;
    }
}

impl Check {
    /// Overrides a program's own settings with those of the command line.
    pub fn apply(&self, s: &mut Settings) {
        let m = &mut s.machine;
        set(&mut m.cpus, self.cpus.map(usize::from));
        set(&mut m.interrupts, self.interrupts);
        set(&mut m.nmis, self.nmis);
        set(&mut m.expiries, self.expiries);
        set(&mut m.failures, self.failures);
        set(&mut m.steps, self.steps);
        m.preemptions = self.preemptions.or(m.preemptions);
        set(
            &mut m.time,
            self.time.map(|t| if matches!(t, TimeArg::Free) { TimeModel::Free } else { TimeModel::Strict }),
        );
        set(
            &mut m.preempt,
            self.preempt.map(|p| match p {
                PreemptArg::None => PreemptModel::None,
                PreemptArg::Voluntary => PreemptModel::Voluntary,
                PreemptArg::Full => PreemptModel::Full,
            }),
        );
        set(
            &mut m.data_race,
            self.data_race.map(|d| match d {
                DataRaceArg::Strict => DataRace::Strict,
                DataRaceArg::Kcsan => DataRace::Kcsan,
                DataRaceArg::Off => DataRace::Off,
            }),
        );
        set(&mut m.lockup, self.lockup.map(Duration::from_secs_f64));
        set(&mut m.fine, self.granularity.map(|g| matches!(g, GranularityArg::Fine)));
        set(
            &mut s.strategy,
            self.strategy.map(|s| match s {
                StrategyArg::Exhaustive => Strategy::Exhaustive,
                StrategyArg::Random => Strategy::Random,
                StrategyArg::Pct => Strategy::Pct,
                StrategyArg::Pos => Strategy::Pos,
                StrategyArg::Sample => Strategy::Sample,
            }),
        );
        set(&mut s.executions, self.executions);
        set(&mut s.time, self.seconds.map(|t| Duration::try_from_secs_f64(t.max(0.0)).unwrap_or(Duration::MAX)));
        set(&mut s.seed, self.seed);
        s.jobs = usize::from(self.jobs);
        s.all_classes |= self.all_classes;
    }
}

#[cfg(test)]
mod tests {
    use super::period;
    use std::time::Duration;

    #[test]
    fn periods_have_a_unit() {
        assert_eq!(period("100us"), Ok(Duration::from_micros(100)));
        assert_eq!(period("1.5ms"), Ok(Duration::from_micros(1500)));
        assert_eq!(period("2s"), Ok(Duration::from_secs(2)));
        for bad in ["", "10", "ms", "0ms", "-1s", "1h", "nans", "1e9s"] {
            assert!(period(bad).is_err(), "{bad}");
        }
    }
}
