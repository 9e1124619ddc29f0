// Keeps objects until V8 has no memory left; start it with a small --max-old-space-size.
const kept = [];

function exhaust() {
  for (let count = 0; count < 50_000; count++) kept.push({ number: kept.length, parts: [count] });
}

setInterval(exhaust, 5);
console.log("ready");
