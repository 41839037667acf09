import Foundation
import XCTest

/// Tests of an engine that reads its model from files: bundles are installed in a directory that each test has for itself.
class InstallingTestCase: XCTestCase {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

    override func tearDown() { try? FileManager.default.removeItem(atPath: directory) }
}
