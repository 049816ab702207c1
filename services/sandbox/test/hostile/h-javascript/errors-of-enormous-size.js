// expect: error
const error = new Error('x'.repeat(5_000_000));
error.name = 'N'.repeat(100_000);
throw error;
