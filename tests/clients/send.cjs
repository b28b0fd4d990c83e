// Sends one of each with Segment's Node package; what went wrong is printed as JSON.
const { Analytics } = require("@segment/analytics-node");

const [writeKey, host, names] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, flushInterval: 50, maxRetries: 3 });
const errors = [];
analytics.on("error", (error) => errors.push(error));
const context = { ip: "198.51.100.7", page: { url: "https://www.ours.test/pricing" } };
for (const name of names.split(",")) {
  if (name === "page") analytics.page({ userId: "eva", context });
  else if (name === "identify") analytics.identify({ userId: "eva", traits: { email: "eva@acme.test" }, context });
  else if (name === "group") analytics.group({ userId: "eva", groupId: "7", traits: { name: "Acme", website: "https://acme.test" }, context });
  else if (name === "alias") analytics.alias({ userId: "eva", previousId: "0f1e2d3c-1111", context });
  else analytics.track({ anonymousId: "0f1e2d3c-1111", event: name, properties: { plan: "pro" }, context });
}
analytics.closeAndFlush({ timeout: 20000 }).then(() => console.log(JSON.stringify(errors)));
