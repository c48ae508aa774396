// Server-sent events over fetch: unlike EventSource it can POST, be aborted, and never reconnects by itself.

export interface ServerEvent {
  event: string;
  data: unknown;
}

/** The events of one message each; comments and unknown fields are skipped. */
export function parseMessage(message: string): ServerEvent | null {
  let event = 'message';
  const data: string[] = [];
  for (const line of message.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return data.length > 0 ? { event, data: JSON.parse(data.join('\n')) } : null;
}

export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { done, value } = await reader.read();
    buffer += (value ?? '').replaceAll('\r\n', '\n');
    const messages = buffer.split('\n\n');
    buffer = done ? '' : (messages.pop() ?? '');
    for (const message of messages) {
      const event = parseMessage(message);
      if (event) yield event;
    }
    if (done) return;
  }
}
