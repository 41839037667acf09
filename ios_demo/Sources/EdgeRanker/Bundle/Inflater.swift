private let windowSize = 1 << 15
private let pieceSize = 1 << 16
private let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/// What is wrong with deflated data.
struct InflateError: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The inverse of DEFLATE (RFC 1951), which gives what it finds in pieces of at most 64 KiB.
///
/// A library of its own, as those of Apple and of Linux differ in what they accept; it follows zlib.
struct Inflater {
    typealias Piece = (ArraySlice<UInt8>) throws -> Void

    private let data: ArraySlice<UInt8>
    private let most: Int
    private let piece: Piece
    private var next: Int
    private var bits: UInt64 = 0
    private var bitCount = 0
    private var window: [UInt8] = []  // at most the last 32 KiB that were given, then what was not given yet
    private var given = 0  // of the window
    private var produced = 0

    /// Gives the inflated data. Errors: no DEFLATE, more than `most` bytes, bytes behind the last block.
    static func inflate(_ data: ArraySlice<UInt8>, most: Int, _ piece: Piece) throws {
        try withoutActuallyEscaping(piece) { piece in
            var inflater = Inflater(data, most: most, piece)
            try inflater.run()
        }
    }

    private init(_ data: ArraySlice<UInt8>, most: Int, _ piece: @escaping Piece) {
        self.data = data
        self.most = most
        self.piece = piece
        next = data.startIndex
        window.reserveCapacity(windowSize + pieceSize)
    }

    private mutating func run() throws {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try storedBlock()
            case 1: try codedBlock(Self.fixed.literals, Self.fixed.distances)
            case 2:
                let (literals, distances) = try codes()
                try codedBlock(literals, distances)
            default: throw InflateError("has a block of an unknown kind")
            }
        }
        try give()
        if next - bitCount / 8 != data.endIndex { throw InflateError("has bytes behind its end") }
    }

    private static let fixed: (literals: HuffmanCode, distances: HuffmanCode) = {
        let lengths = (0..<288).map { UInt8($0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8) }
        let distances = [UInt8](repeating: 5, count: 32)
        return (HuffmanCode(lengths[...], mayBeSingle: false)!, HuffmanCode(distances[...], mayBeSingle: false)!)
    }()

    private mutating func storedBlock() throws {
        bits >>= UInt64(bitCount % 8)
        bitCount -= bitCount % 8
        let length = try take(16)
        if try take(16) != length ^ 0xFFFF { throw InflateError("has a stored block of two lengths") }
        next -= bitCount / 8
        (bits, bitCount) = (0, 0)
        if length > data.endIndex - next { throw InflateError("is truncated") }
        var left = data[next..<next + length]
        next += length
        while !left.isEmpty {
            let part = left.prefix(pieceSize)
            try count(part.count)
            window.append(contentsOf: part)
            left = left.dropFirst(part.count)
            if window.count - given >= pieceSize { try give() }
        }
    }

    private mutating func codedBlock(_ literals: HuffmanCode, _ distances: HuffmanCode) throws {
        while true {
            let symbol = try self.symbol(literals)
            if symbol < 256 {
                try count(1)
                window.append(UInt8(symbol))
            } else if symbol == 256 {
                return
            } else {
                try repeated(symbol - 257, distances)
            }
            if window.count - given >= pieceSize { try give() }
        }
    }

    private mutating func repeated(_ code: Int, _ distances: HuffmanCode) throws {
        if code > 28 { throw InflateError("has a length that does not exist") }
        let extra = code < 8 || code == 28 ? 0 : code / 4 - 1
        let first = code < 8 ? code + 3 : code == 28 ? 258 : (4 + code % 4) << extra + 3
        let length = try first + take(extra)
        let distance = try distanceTaken(distances)
        if distance > window.count { throw InflateError("refers to bytes before its beginning") }
        try count(length)
        for _ in 0..<length { window.append(window[window.count - distance]) }
    }

    private mutating func distanceTaken(_ distances: HuffmanCode) throws -> Int {
        let code = try symbol(distances)
        if code > 29 { throw InflateError("has a distance that does not exist") }
        if code < 4 { return code + 1 }
        let extra = code / 2 - 1
        return try (2 + code % 2) << extra + 1 + take(extra)
    }

    /// The two codes that a block brings (RFC 1951, section 3.2.7).
    private mutating func codes() throws -> (literals: HuffmanCode, distances: HuffmanCode) {
        let literalCount = try take(5) + 257
        let distanceCount = try take(5) + 1
        let lengthCount = try take(4) + 4
        if literalCount > 286 || distanceCount > 30 { throw InflateError("has too many symbols") }
        var lengths = [UInt8](repeating: 0, count: 19)
        for index in 0..<lengthCount { lengths[lengthOrder[index]] = UInt8(try take(3)) }
        guard let code = HuffmanCode(lengths[...], mayBeSingle: false) else { throw InflateError("has no code of lengths") }
        let all = try lengthsTaken(literalCount + distanceCount, code)
        if all[256] == 0 { throw InflateError("has no end of a block") }
        guard let literals = HuffmanCode(all[..<literalCount], mayBeSingle: true),
            let distances = HuffmanCode(all[literalCount...], mayBeSingle: true)
        else { throw InflateError("has no code of literals or of distances") }
        return (literals, distances)
    }

    private mutating func lengthsTaken(_ count: Int, _ code: HuffmanCode) throws -> [UInt8] {
        var lengths: [UInt8] = []
        while lengths.count < count {
            let symbol = try self.symbol(code)
            if symbol < 16 {
                lengths.append(UInt8(symbol))
                continue
            }
            guard let last = symbol == 16 ? lengths.last : 0 else { throw InflateError("repeats a length before the first") }
            let times = symbol == 16 ? try take(2) + 3 : symbol == 17 ? try take(3) + 3 : try take(7) + 11
            if times > count - lengths.count { throw InflateError("repeats a length too often") }
            lengths.append(contentsOf: repeatElement(last, count: times))
        }
        return lengths
    }

    private mutating func symbol(_ code: HuffmanCode) throws -> Int {
        refill()
        let (symbol, length) = code.symbol(bits)
        if length == 0 || length > bitCount {
            throw InflateError(bitCount < code.most ? "is truncated" : "has bits that are no code word")
        }
        bits >>= UInt64(length)
        bitCount -= length
        return symbol
    }

    private mutating func take(_ count: Int) throws -> Int {
        refill()
        if count > bitCount { throw InflateError("is truncated") }
        let value = bits & (1 << UInt64(count) - 1)
        bits >>= UInt64(count)
        bitCount -= count
        return Int(value)
    }

    /// At least 48 bits, or all there are; those beyond the end count as 0, and are never taken.
    private mutating func refill() {
        while bitCount < 48 && next < data.endIndex {
            bits |= UInt64(data[next]) << UInt64(bitCount)
            next += 1
            bitCount += 8
        }
    }

    private mutating func count(_ added: Int) throws {
        produced += added
        if produced > most { throw InflateError("holds more than the \(most) bytes it declares") }
    }

    /// Gives what was not given, and forgets what no distance reaches.
    private mutating func give() throws {
        if window.count > given { try piece(window[given...]) }
        if window.count > windowSize { window.removeFirst(window.count - windowSize) }
        given = window.count
    }
}
