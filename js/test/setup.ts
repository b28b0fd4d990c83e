// happy-dom's requests know no keepalive, those of today's browsers do.
Object.defineProperty(Request.prototype, 'keepalive', { value: false, configurable: true })
