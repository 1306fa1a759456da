/// One line about a frame: what a reader of a story needs to recognise it.
public enum FrameText {
    public static func summary(_ frame: [UInt8]) -> String {
        let outer = FrameLayers(frame)
        guard let inner = outer.encapsulated else { return outer.summary }
        return outer.summary + " [" + FrameLayers(Array(frame[min(inner, frame.count)...])).summary + "]"
    }
}
