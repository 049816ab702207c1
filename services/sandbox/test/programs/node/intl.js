// from: reports with numbers and dates
// only: namespaces
// stdout: ^1\.234,5 12/31/1969 -1\n$

console.log(new Intl.NumberFormat('de-DE').format(1234.5), new Date(0).toLocaleDateString('en-US', { timeZone: 'America/New_York' }), 'ß'.localeCompare('z', 'de'));
