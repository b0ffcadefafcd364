//! scratch
use ringzero_model::{Config, Model};
use ringzero_tests::mini::{Do::*, task, boot};
use ringzero_strategies::*;
#[test]
fn one() {
    for n in [2usize,3,4,5,6] {
        let mut ops = vec![];
        for _ in 0..n { ops.push(R(0)); ops.push(W(0)); }
        let p = vec![task(0, &ops), task(1, &ops)];
        let model = Model::new(Config::default());
        let mut s = Exhaustive::new();
        let t = std::time::Instant::now();
        let mut runs = 0;
        while !s.exhausted { model.execute(&mut s, &|| boot(&p), false); runs += 1; }
        println!("2x{n}: {runs} runs {:?} in {:?}", s.stats, t.elapsed());
        let mut r = Random::new(1);
        let t = std::time::Instant::now();
        for _ in 0..100000 { model.execute(&mut r, &|| boot(&p), false); }
        println!("   random {:.0}/s", 100000.0/t.elapsed().as_secs_f64());
    }
}
