// import.meta knows where a module is from.
// only: isolate
// expect: error
import.meta.url;
