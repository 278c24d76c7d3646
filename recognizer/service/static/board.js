// A board to draw on with mouse, pen or finger.

const PEN = 18;

export class Board {
  // `changed` is called when a stroke ends, with whether anything is drawn.
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.changed = changed;
    this.strokes = [];
    this.pen = null;
    this.paint();
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => this.end(event));
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  begin(event) {
    if (this.pen !== null || event.button > 0) return;
    event.preventDefault();
    this.pen = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.place(event)]);
    this.paint();
  }

  move(event) {
    if (event.pointerId !== this.pen) return;
    const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of between.length ? between : [event]) this.strokes.at(-1).push(this.place(each));
    this.paint();
  }

  end(event) {
    if (event.pointerId !== this.pen) return;
    this.pen = null;
    this.changed(true);
  }

  clear() {
    this.strokes = [];
    this.paint();
    this.changed(false);
  }

  undo() {
    this.strokes.pop();
    this.paint();
    this.changed(this.strokes.length > 0);
  }

  paint() {
    const { context, canvas } = this;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = "#15171c";
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = "round";
    for (const [first, ...rest] of this.strokes) {
      context.beginPath();
      context.moveTo(...first);
      for (const point of rest.length ? rest : [[first[0] + 0.1, first[1]]]) context.lineTo(...point);
      context.stroke();
    }
  }

  image() {
    return new Promise((done) => this.canvas.toBlob(done, "image/png"));
  }
}
