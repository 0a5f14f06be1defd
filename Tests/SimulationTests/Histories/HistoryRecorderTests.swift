import Simulation
import Testing
@Suite struct X { @Test func a() { #expect(RegisterHistory().unknownCount == 0) } }
