// from: a component without its library
// only: namespaces
// status: error
// error: packages: \["react"\]

const App = () => <b>hi</b>;
App();
