private let least: UInt64 = 1 << 31
private let mostBlock = 16_384

/// Reads the streams of a `weights.bin` in their order (FORMAT.md, "Decoding").
struct StreamDecoder {
    private let data: [UInt8]
    private var states: [UInt64]
    private var next: Int

    /// Errors: the lanes' states are not there, or impossible; the words are not whole.
    init(_ data: [UInt8], begin: Int, lanes: Int) throws {
        next = begin + 8 * lanes
        if data.count < next || (data.count - next) % 4 != 0 { throw EdgeError("the coded weights are truncated") }
        states = (0..<lanes).map { lane in
            UInt64(littleEndian(data, begin + 8 * lane)) | UInt64(littleEndian(data, begin + 8 * lane + 4)) << 32
        }
        if states.contains(where: { $0 < least || $0 >> 63 != 0 }) {
            throw EdgeError("the coded weights begin with an impossible state")
        }
        self.data = data
    }

    /// The next stream: a symbol for each context.
    mutating func take(_ contexts: [UInt8], contextCount: Int, alphabet: Int) throws -> [UInt8] {
        var table = Frequencies(contexts: contextCount, alphabet: alphabet)
        var symbols = [UInt8](repeating: 0, count: contexts.count)
        var begin = 0
        while begin < contexts.count {
            table.renew()
            let end = begin + min(max(begin / 4, 1), mostBlock, contexts.count - begin)
            try take(begin..<end, contexts, alphabet, table, &symbols)
            for index in begin..<end { table.learn(Int(contexts[index]), Int(symbols[index])) }
            begin = end
        }
        return symbols
    }

    private mutating func take(
        _ block: Range<Int>, _ contexts: [UInt8], _ alphabet: Int, _ table: borrowing Frequencies, _ symbols: inout [UInt8]
    ) throws {
        var lane = 0
        for index in block {
            let context = Int(contexts[index])
            let state = states[lane]
            let slot = Int32(state & UInt64(total - 1))
            let place = table.place(context, slot)
            symbols[index] = UInt8(place - context * alphabet)
            let rest = UInt64(slot - table.starts[place])
            let moved = UInt64(table.shares[place]) * (state >> UInt64(precision)) + rest
            states[lane] = moved < least ? moved << 32 | UInt64(try word()) : moved
            lane = lane + 1 == states.count ? 0 : lane + 1
        }
    }

    private mutating func word() throws -> UInt32 {
        if next >= data.count { throw EdgeError("the coded weights are truncated") }
        next += 4
        return littleEndian(data, next - 4)
    }

    /// Errors: something is left over, or the states are not those that coding starts from.
    func close() throws {
        if next != data.count || states.contains(where: { $0 != least }) {
            throw EdgeError("the coded weights are damaged")
        }
    }
}

/// The integer of four bytes, the lowest first.
func littleEndian(_ data: [UInt8], _ at: Int) -> UInt32 {
    UInt32(data[at]) | UInt32(data[at + 1]) << 8 | UInt32(data[at + 2]) << 16 | UInt32(data[at + 3]) << 24
}
