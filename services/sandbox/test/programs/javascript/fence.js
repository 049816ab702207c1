// from: a model leaves its fence
// stdout: ^1\n$

```javascript
console.log(1);
```
