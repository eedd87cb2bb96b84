// SPDX-License-Identifier: GPL-3.0-or-later
//
// The likeliest tokens as a Vulkan device finds them (lavapipe in CI): those of all logits, and the
// same answers. Where a backend has all logits at hand, those are given instead.
#include "core/engine/sampler.h"
#include "core/engine/session.h"
#include "core/error.h"
#include "kernels/operands.h"
#include "vulkan_listener.h"

#include <QTest>

#include <algorithm>
#include <array>

using namespace bwla;

namespace {

constexpr std::int64_t vocabulary = 40'007;
constexpr std::int64_t width = 16;

/// The head of a model: tokens to logits.
std::unique_ptr<Plan> headOf(Backend& backend, const Linear& table) {
    return backend.record(
        [&](Recorder& recorder) {
            const Buffer x = recorder.buffer(width);
            recorder.embed(table, x);
            recorder.head({}, table, x, HeadRows::last);
        },
        1);
}

std::vector<TokenLogit> sorted(std::vector<TokenLogit> tokens) {
    std::ranges::sort(tokens, [](const TokenLogit& a, const TokenLogit& b) {
        return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
    });
    return tokens;
}

std::vector<TokenLogit> asTokens(std::span<const float> logits) {
    std::vector<TokenLogit> tokens;
    for (std::size_t i = 0; i < logits.size(); ++i)
        tokens.push_back({static_cast<std::int32_t>(i), logits[i]});
    return tokens;
}

} // namespace

class LikeliestTest : public QObject {
    Q_OBJECT
    test::VulkanListener listener_;

    std::unique_ptr<Backend> device(bool subgroups = true) {
        VulkanOptions options = listener_.options();
        options.mask.subgroupArithmetic = !subgroups;
        return makeVulkanBackend(options);
    }

private slots:
    void initTestCase() {
        if (vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
    }
    void cleanup() { QVERIFY2(listener_.heard().isEmpty(), qPrintable(listener_.heard())); }

    void theyAreThoseOfAllLogits_data() {
        QTest::addColumn<bool>("subgroups");
        QTest::newRow("as it is") << true;
        QTest::newRow("no subgroup arithmetic") << false;
    }
    void theyAreThoseOfAllLogits() {
        QFETCH(bool, subgroups);
        const auto backend = device(subgroups);
        const auto table = backend->upload(randomLinear(WeightKind::f32, vocabulary, width, 1));
        const auto plan = headOf(*backend, *table);
        const std::array tokens{std::int32_t{5}};
        QVERIFY(backend->run(*plan, {tokens}));
        QVERIFY(plan->likeliest().empty());
        const auto all = sorted(asTokens(plan->logits()));
        for (const int wanted : {1, 2, 40, mostLikeliest}) {
            QVERIFY(backend->run(*plan, {tokens, 0, nullptr, wanted}));
            QVERIFY(plan->logits().empty());
            const auto some = sorted({plan->likeliest().begin(), plan->likeliest().end()});
            QVERIFY(some.size() >= std::size_t(wanted));
            QVERIFY(some.size() <= 4U * wanted);
            for (std::size_t i = 0; i < some.size(); ++i) {
                QCOMPARE(some[i].id, all[i].id);
                QCOMPARE(some[i].logit, all[i].logit);
            }
        }
        QVERIFY(backend->run(*plan, {tokens})); // and all again
        QCOMPARE(plan->logits().size(), std::size_t{vocabulary});
        QVERIFY(backend->run(*plan, {tokens, 0, nullptr, mostLikeliest + 1}));
        QCOMPARE(plan->logits().size(), std::size_t{vocabulary});
    }

    void whereTooManyAreAlikeAllLogitsCome() {
        const auto backend = device();
        HostLinear same = randomLinear(WeightKind::f32, vocabulary, width, 1);
        for (std::size_t i = width; i < same.f32.size(); ++i)
            same.f32[i] = same.f32[i % width];
        const auto table = backend->upload(same);
        const auto plan = headOf(*backend, *table);
        const std::array tokens{std::int32_t{5}};
        QVERIFY(backend->run(*plan, {tokens, 0, nullptr, 1}));
        QVERIFY(plan->likeliest().empty());
        QCOMPARE(plan->logits().size(), std::size_t{vocabulary});
    }

    void whatIsNoNumberIsAmongThem() {
        const auto backend = device();
        HostLinear broken = randomLinear(WeightKind::f32, vocabulary, width, 1);
        broken.f32[width * 30'000] = std::numeric_limits<float>::quiet_NaN();
        const auto table = backend->upload(broken);
        const auto plan = headOf(*backend, *table);
        const std::array tokens{std::int32_t{5}};
        QVERIFY(backend->run(*plan, {tokens, 0, nullptr, 1}));
        Sampler greedy({.temperature = 0});
        try {
            (void)greedy.sample(plan->likeliest(), {});
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.code, ErrorCode::numeric);
        }
    }

    void theSameTokensAreDrawn_data() {
        QTest::addColumn<double>("temperature");
        QTest::addColumn<int>("topK");
        QTest::addColumn<double>("penalty");
        QTest::newRow("greedy") << 0.0 << 0 << 1.0;
        QTest::newRow("greedy, penalized") << 0.0 << 0 << 1.3;
        QTest::newRow("20 likeliest") << 1.0 << 20 << 1.0;
        QTest::newRow("20 likeliest, penalized") << 0.8 << 20 << 1.2;
    }
    void theSameTokensAreDrawn() {
        QFETCH(double, temperature);
        QFETCH(int, topK);
        QFETCH(double, penalty);
        const auto backend = device();
        Transformer model(*backend, synthModel("tiny", "w1a6"));
        const SamplerSettings settings{.temperature = temperature,
                                       .topK = topK,
                                       .topP = 0.95,
                                       .repeatPenalty = penalty,
                                       .repeatWindow = 8,
                                       .seed = 7};
        Sampler some(settings);
        Sampler all(settings);
        const int wanted = some.likeliestWanted(model.config().vocabulary);
        QVERIFY(wanted > 0);
        Session first(model, 64);
        Session second(model, 64);
        std::vector<std::int32_t> history{3, 1, 4, 1, 5};
        std::vector<std::int32_t> next = history;
        for (int step = 0; step < 12; ++step) {
            const Session::Next found = first.feedFor(wanted, next);
            QVERIFY(found.logits.empty() && !found.stopped());
            const std::int32_t token = some.sample(found.likeliest, history);
            QCOMPARE(all.sample(second.feed(next), history), token);
            history.push_back(token);
            next = {token};
        }
    }

    void aProcessorGivesAllLogits() {
        const auto backend = makeCpuBackend({.threads = 1});
        Transformer model(*backend, synthModel("tiny", "f16"));
        Session session(model, 8);
        const std::array tokens{std::int32_t{5}};
        const Session::Next next = session.feedFor(1, tokens);
        QVERIFY(next.likeliest.empty());
        QCOMPARE(next.logits.size(), std::size_t(model.config().vocabulary));
    }

    void whoMayDrawAnyTokenNeedsAllLogits() {
        const auto wanted = [](const SamplerSettings& settings, std::int64_t tokens = 50'000) {
            return Sampler(settings).likeliestWanted(tokens);
        };
        QCOMPARE(wanted({.temperature = 0}), 1);
        QCOMPARE(wanted({.temperature = 0, .repeatPenalty = 1.1, .repeatWindow = 64}), 65);
        QCOMPARE(wanted({.temperature = 1, .topK = 40}), 40);
        QCOMPARE(wanted({.temperature = 1}), 0);
        QCOMPARE(wanted({.temperature = 0, .repeatPenalty = 0.9}), 0);
        QCOMPARE(wanted({.temperature = 1, .topK = 1000}), 0);
        QCOMPARE(wanted({.temperature = 1, .topK = 40}, 100), 0);
    }
};

QTEST_GUILESS_MAIN(LikeliestTest)
#include "likeliest_test.moc"
