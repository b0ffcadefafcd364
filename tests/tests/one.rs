//! scratch
use ringzero_model::Config;
use ringzero_tests::mini::{Do::*, irq, reduced, brute, missing, task};
#[test]
fn one() {
    let p = vec![task(0, &[W(0), R(2)]), irq(1, &[W(2)]), irq(0, &[IfW(2,0)])];
    let r = reduced(&p, &Config{..Config::default()});
    println!("{:?}", r.redundant);
    let b = brute(&p, &Config::default(), 60000).unwrap();
    println!("{:#?}", missing(&r, &b));
}
