import DomainHarness
import Testing

/// Many at once, over a store that fails: see ``MoneyCampaign``.
@Suite struct CampaignTests {
    @Test(arguments: UInt64(1)...60)
    func eachRequestHappensOnceOrNotAtAllAsItsSenderWasTold(seed: UInt64) async {
        #expect(await MoneyCampaign(seed: seed).run() == nil)
    }
}
