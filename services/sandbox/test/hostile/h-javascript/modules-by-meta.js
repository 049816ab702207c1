// import.meta knows where a module is from.
// expect: error
import.meta.url;
