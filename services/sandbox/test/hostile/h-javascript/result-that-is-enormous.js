// expect: success
'x'.repeat(20_000_000);
