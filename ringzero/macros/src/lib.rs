//! The attribute macro `#[ringzero::test]`.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, ItemFn, Token, parse_macro_input};

struct Setting {
    name: Ident,
    value: Expr,
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: input.parse()? })
    }
}

struct Settings(Punctuated<Setting, Token![,]>);

impl Parse for Settings {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self(Punctuated::parse_terminated(input)?))
    }
}

/// Makes a function a test whose body is the init function of a module, checked on the model machine.
///
/// Each argument is a method of `ringzero::Check`: `#[ringzero::test(cpus = 2, interrupts = 1)]`.
///
/// ```
/// use ringzero::{atomic::Atomic, kthread::kthread_run, on_exit};
///
/// ringzero::global! { static COUNT: Atomic = Atomic::new(0); }
///
/// #[ringzero::test(cpus = 2, interrupts = 1)]
/// fn no_increment_is_lost() {
///     for _ in 0..2 {
///         kthread_run(|| COUNT.inc(), "incrementer");
///     }
///     on_exit(|| assert_eq!(COUNT.read(), 2));
/// }
/// ```
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    let Settings(settings) = parse_macro_input!(args as Settings);
    let function = parse_macro_input!(item as ItemFn);
    let (attrs, vis, sig, block) = (&function.attrs, &function.vis, &function.sig, &function.block);
    if !sig.inputs.is_empty() || sig.asyncness.is_some() {
        return syn::Error::new_spanned(sig, "a ringzero test takes no arguments and is not async")
            .to_compile_error()
            .into();
    }
    let name = &sig.ident;
    let calls = settings.iter().map(|s| {
        let (name, value) = (&s.name, &s.value);
        quote! { .#name(#value) }
    });
    let output = &sig.output;
    quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() {
            fn body() #output #block
            ::ringzero::Check::new()
                .named_test(concat!(module_path!(), "::", stringify!(#name)))
                #(#calls)*
                .test(|| ::ringzero::TestOutcome::expect_success(body()));
        }
    }
    .into()
}
