/// A character of a line as a terminal shows it.
struct DisplayCell {
    var text: String
    /// Columns.
    var width: Int
    /// Its bytes in the text.
    let start: Int
    var end: Int

    static let tabWidth = 4

    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: scalar.value != 0x200D
        default: false
        }
    }

    /// Tabs become spaces; what cannot be shown becomes U+FFFD; what combines joins the character before it.
    static func cells(of line: ArraySlice<UInt8>) -> [DisplayCell] {
        var cells: [DisplayCell] = []
        var column = 0
        var index = line.startIndex
        while index < line.endIndex {
            let (scalar, length) = decode(line, at: index)
            let end = index + length
            if scalar == "\t" {
                let width = tabWidth - column % tabWidth
                cells.append(
                    DisplayCell(text: String(repeating: " ", count: width), width: width, start: index, end: end))
            } else if isControl(scalar) {
                cells.append(DisplayCell(text: "\u{FFFD}", width: 1, start: index, end: end))
            } else {
                let width = width(of: scalar)
                if width == 0, let last = cells.indices.last, cells[last].text != " " {
                    cells[last].text.unicodeScalars.append(scalar)
                    cells[last].end = end
                } else {
                    cells.append(DisplayCell(text: String(Character(scalar)), width: width, start: index, end: end))
                }
            }
            column += cells.last.map { $0.end == end && $0.start == index ? $0.width : 0 } ?? 0
            index = end
        }
        return cells
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, at index: Int) -> (Unicode.Scalar, Int) {
        let first = bytes[index]
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, index + length <= bytes.endIndex,
            let text = String(validating: bytes[index..<(index + length)], as: UTF8.self),
            let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1
        else { return ("\u{FFFD}", 1) }
        return (scalar, length)
    }

    /// Columns that terminals give a character: none for what combines, two for East Asian wide characters and emoji
    /// (Unicode Standard Annex 11, the blocks of class W and F).
    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x200D: return 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}
