import Foundation
import XCTest

@testable import EdgeCoreML
@testable import EdgeRanker

/// The functions of a package in the simulator of tests/ios_demo/coreml_server.py, which says how the two talk.
final class SimulatedCoreML: CoreMLFunctions {
    private let socket: FileHandle

    init(port: UInt16) throws {
        #if canImport(Darwin)
            let descriptor = Foundation.socket(AF_INET, SOCK_STREAM, 0)
        #else
            let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        socket = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        if status != 0 { throw EdgeError("nothing answers at port \(port)", fix: "ios_demo/test.sh") }
    }

    func predict(_ function: String, _ inputs: [String: CoreMLArray]) throws -> [String: [Float]] {
        var call = sized(Data(function.utf8)) + numbers([UInt32(inputs.count)])
        for (name, array) in inputs {
            call += sized(Data(name.utf8))
            switch array {
            case .floats(let values, let extents): call += encoded(0, extents, values)
            case .integers(let values, let extents): call += encoded(1, extents, values)
            }
        }
        try socket.write(contentsOf: call)
        if try number() != 0 { throw EdgeError(String(decoding: try block(), as: UTF8.self)) }
        var outputs: [String: [Float]] = [:]
        for _ in 0..<(try number()) {
            let name = String(decoding: try block(), as: UTF8.self)
            outputs[name] = try block().withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }
        return outputs
    }

    private func encoded<Number>(_ kind: UInt32, _ extents: [Int], _ values: [Number]) -> Data {
        numbers([kind]) + sized(numbers(extents.map { UInt32($0) })) + sized(values.withUnsafeBytes { Data($0) })
    }

    private func sized(_ data: Data) -> Data { numbers([UInt32(data.count)]) + data }

    private func numbers(_ values: [UInt32]) -> Data { values.withUnsafeBytes { Data($0) } }

    private func number() throws -> Int { Int(try read(4).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }) }

    private func block() throws -> Data { try read(try number()) }

    private func read(_ count: Int) throws -> Data {
        var data = Data()
        while data.count < count {
            guard let more = try socket.read(upToCount: count - data.count), !more.isEmpty else {
                throw EdgeError("the simulator ended")
            }
            data += more
        }
        return data
    }
}

/// The port of the simulator; without one the test is skipped.
func simulatorPort() throws -> UInt16 {
    let port = ProcessInfo.processInfo.environment["EDGE_COREML"].flatMap { UInt16($0) }
    try XCTSkipIf(port == nil, "EDGE_COREML is no port")
    return try XCTUnwrap(port)
}
