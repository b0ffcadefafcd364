//! scratch
use ringzero_model::{Config, Model};
use ringzero_strategies::*;
use ringzero_trace::*;
struct Show<'a>(&'a mut Exhaustive);
impl Scheduler for Show<'_> {
    fn begin(&mut self) { self.0.begin() }
    fn pick(&mut self, v: &View<'_>) -> Pick { self.0.pick(v) }
    fn executed(&mut self, e: &Event) { self.0.executed(e) }
    fn settled(&mut self, o: bool) { self.0.settled(o) }
    fn vanished(&mut self) { self.0.vanished() }
    fn finish(&mut self, end: End, ev: &[Event], p: &[Event]) {
        self.0.finish(end, ev, p);
        print!("{end:?} new {}: ", self.0.last_new);
        for e in ev { print!("{}@{}.{:?}{:?} ", e.label.proc, e.cpu, e.op, e.acc.iter().map(|a| a.slot as i32).collect::<Vec<_>>()); }
        print!(" | ");
        for e in p { print!("{}.{:?} ", e.label.proc, e.op); }
        println!();
    }
}
#[test]
fn one() {
    let name = std::env::var("P").unwrap();
    let init = ringzero_gallery::find(&name).unwrap().init;
    let model = Model::new(Config::default());
    let mut s = Exhaustive::new();
    let mut n = 0;
    while !s.exhausted && n < 40 { model.execute(&mut Show(&mut s), &|| ringzero::program::boot(&init), false); n += 1; }
    println!("{:?}", s.stats);
}
