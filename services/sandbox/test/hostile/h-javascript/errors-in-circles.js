// expect: error
const error = new AggregateError([], 'all');
error.errors.push(error);
error.cause = error;
throw error;
