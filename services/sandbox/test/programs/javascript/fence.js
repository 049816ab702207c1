// from: a model leaves its fence
// only: namespaces
// stdout: ^1\n$

```javascript
console.log(1);
```
