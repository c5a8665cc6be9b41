/** Who speaks over a WebSocket of this server. What the other side says is not listened to. */
export interface SocketSpeaker {
  opened(socket: Socket): void;
  /** Some of what waited has been taken. */
  drained(): void;
  closed(): void;
}

/** The part of Bun's WebSockets that is needed here. */
export interface Socket {
  sendText(text: string): number;
  /** Bytes that the other side has not been sent yet. */
  getBufferedAmount(): number;
  /** After what was sent before. */
  close(code: number, reason: string): void;
}

/** The part of Bun's server that makes a WebSocket of a request. */
export interface SocketServer {
  /** False when the request is no handshake. Otherwise the speaker's socket is open already. */
  upgrade(
    request: Request,
    options: { readonly data: SocketSpeaker; readonly headers: Record<string, string> },
  ): boolean;
}

/** Seconds of silence, not even a pong, after which the other side is taken for dead. */
const IDLE_TIMEOUT_S = 60;
/** Nobody has anything to say to us; a frame that is larger ends the connection. */
const MESSAGE_BYTES = 4096;

/** How Bun is to treat WebSockets. */
export const WEB_SOCKETS: Bun.WebSocketHandler<SocketSpeaker> = {
  idleTimeout: IDLE_TIMEOUT_S,
  sendPings: true,
  maxPayloadLength: MESSAGE_BYTES,
  // Speakers count for themselves, and nothing may be dropped.
  backpressureLimit: 0,
  open: (socket) => socket.data.opened(socket),
  message: () => undefined,
  drain: (socket) => socket.data.drained(),
  close: (socket) => socket.data.closed(),
};
