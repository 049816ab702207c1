// from: a model sends its whole answer
// only: namespaces
// stdout: ^4\n5\n$

Here is the code:

```js
const x = 4;
console.log(x);
```

And then:

```js
console.log(x + 1);
```
