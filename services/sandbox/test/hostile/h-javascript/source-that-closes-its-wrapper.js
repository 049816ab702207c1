// Text that ends the function which a runner may have put around it.
// expect: error
}); process.mainModule; (() => {
