import Foundation
import XCTest

@testable import EdgeRanker

/// The path in an environment variable; without one the test is skipped.
func trained(_ variable: String) throws -> String {
    let path = ProcessInfo.processInfo.environment[variable] ?? ""
    try XCTSkipIf(path.isEmpty, "\(variable) names no file")
    return path
}

final class TrainedWeightTests: XCTestCase {
    func testEveryTensorOfATrainedBundleHasTheBytesThatPythonReads() throws {
        let bundle = try trained("EDGE_BUNDLE")
        let listed = try String(contentsOfFile: trained("EDGE_TENSORS"), encoding: .utf8).split(separator: "\n")
        let weights = try EdgeBundle(.file(bundle)).weights
        let found = try weights.tensors.map { "\($0.name) \(try digestOf($0))" }
        XCTAssertFalse(found.isEmpty)
        XCTAssertEqual(found.sorted(), listed.map(String.init).sorted())
    }
}
