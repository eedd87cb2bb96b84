// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/store/run_recorder.h"
#include "core/store/run_store.h"
#include "kernels/half.h"

#include <QTemporaryDir>
#include <QTest>

using namespace bwla;

namespace {

/// Two blocks of one group each: the rounds of a 2 x 3 rotation, activations, a report.
class TracedJob final : public QuantizeJob {
public:
    bool fail = false;
    std::int64_t failAt = 1;

    QuantizeResult run(const QuantizeSettings& settings, const Sink<QuantizeEvent>& sink,
                       std::stop_token) override {
        if (!settings.trace)
            throw Error(ErrorCode::badArgument).because("not traced");
        QuantizeResult result;
        for (std::int64_t block = 0; block < 2; ++block) {
            for (int round = 0; round <= 3; ++round)
                sendRound(sink, block, round);
            sendActivations(sink, block);
            if (fail && block == failAt)
                throw Error(ErrorCode::diskFull).in("out");
            BlockReport report{.block = block, .groups = {}};
            for (const InputGroup& group : groups())
                report.groups[static_cast<std::size_t>(group.kind)].kind = group.kind;
            report.groups[0].plainError = 0.25;
            result.blocks.push_back(report);
            QuantizeEvent event;
            event.finished = &report;
            sink(event);
        }
        result.seconds = 2.5;
        return result;
    }

private:
    static void sendRound(const Sink<QuantizeEvent>& sink, std::int64_t block, int round) {
        const std::vector<float> a(4, static_cast<float>(round)), b(9, 1.0F);
        FitMoment moment{.block = block, .stage = FitStage::rotation, .round = round, .rounds = 3};
        moment.objective = 0.5 * round;
        moment.factorA = a;
        moment.factorB = b;
        QuantizeEvent event;
        event.moment = &moment;
        sink(event);
    }
    static void sendActivations(const Sink<QuantizeEvent>& sink, std::int64_t block) {
        const std::vector<float> before{1, -8, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0}, after(12, 1.5F);
        GroupActivations activations{.block = block, .cols = 6};
        activations.inputs = before;
        activations.prepared = after;
        QuantizeEvent event;
        event.activations = &activations;
        sink(event);
    }
};

QuantizeSettings someSettings() {
    QuantizeSettings settings = presetSettings("fast");
    settings.modelPath = "model.gguf";
    settings.outputPath = "out";
    return settings;
}

} // namespace

class RunStoreTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        file_ = std::filesystem::path(folder_->path().toStdString()) / "a.sqlite";
    }

    void recordsARun() {
        TracedJob job;
        const auto outcome =
            runRecorded(job, someSettings(), file_, "bwla quantize", {[](auto&) {}}, {});
        QVERIFY(outcome.result.has_value());
        Database database(file_);
        const RunStore store(database);
        const auto runs = store.list();
        QCOMPARE(runs.size(), std::size_t{1});
        QCOMPARE(runs[0].state, RunState::finished);
        QCOMPARE(runs[0].seconds, 2.5);
        QVERIFY(std::filesystem::path(runs[0].outPath).is_absolute());
        const auto blocks = store.blocks(runs[0].id);
        QCOMPARE(blocks.size(), std::size_t{2});
        QCOMPARE(blocks[1].groups[0].plainError, 0.25);
        const auto rounds = store.rounds(runs[0].id, 1, GroupKind::attnIn);
        QVERIFY(rounds.has_value());
        QCOMPARE(rounds->rounds.size(), std::size_t{4});
        QCOMPARE(rounds->m1, 2);
        QCOMPARE(rounds->m2, 3);
        QCOMPARE(rounds->rounds[3].objective, 1.5);
        QCOMPARE(rounds->rounds[3].factorA, std::vector<float>(4, 3.0F));
        QVERIFY(!store.rounds(runs[0].id, 1, GroupKind::mlpIn));
    }

    void keepsActivations() {
        TracedJob job;
        (void)runRecorded(job, someSettings(), file_, "", {[](auto&) {}}, {});
        Database database(file_);
        const auto record = RunStore(database).activations(1, 0, GroupKind::attnIn);
        QVERIFY(record.has_value());
        QCOMPARE(record->tokens, std::int64_t{2});
        QCOMPARE(record->before.channelMaxima, (std::vector<float>{2, 8, 1, 1, 1, 1}));
        QCOMPARE(halfToFloat(record->before.map[1]), 8.0F);
        QCOMPARE(record->before.tails.share.front(), 7.0 / 12.0); // five zeros are not above 0
        QCOMPARE(record->before.tails.share.back(), 0.0);
        QCOMPARE(record->before.tails.step, record->after.tails.step);
    }

    void aFailedRunIsTakenUpAgain() {
        TracedJob job;
        job.fail = true;
        QVERIFY(runRecorded(job, someSettings(), file_, "", {[](auto&) {}}, {}).error.has_value());
        Database database(file_);
        RunStore store(database);
        QCOMPARE(store.find(1)->state, RunState::failed);
        QVERIFY(!store.find(1)->error.empty());
        job.fail = false;
        (void)runRecorded(job, someSettings(), file_, "", {[](auto&) {}}, {});
        QCOMPARE(store.list().size(), std::size_t{1});
        QCOMPARE(store.find(1)->state, RunState::finished);
        (void)runRecorded(job, someSettings(), file_, "", {[](auto&) {}},
                          {}); // finished: a new one
        QCOMPARE(store.list().size(), std::size_t{2});
    }

    void aRunWithoutABlockIsForgotten() {
        TracedJob job;
        job.fail = true;
        job.failAt = 0;
        QVERIFY(runRecorded(job, someSettings(), file_, "", {[](auto&) {}}, {}).error.has_value());
        Database database(file_);
        QVERIFY(RunStore(database).list().empty());
    }

    void removingARunRemovesItsRecords() {
        TracedJob job;
        (void)runRecorded(job, someSettings(), file_, "", {[](auto&) {}}, {});
        Database database(file_);
        RunStore store(database);
        store.remove(1);
        QVERIFY(store.blocks(1).empty());
        QVERIFY(!store.activations(1, 0, GroupKind::attnIn));
    }

    void aStoreThatCannotBeWrittenStopsNoRun() {
        TracedJob job;
        const auto nowhere = file_.parent_path() / "none" / "a.sqlite";
        QVERIFY(
            runRecorded(job, someSettings(), nowhere, "", {[](auto&) {}}, {}).result.has_value());
        const RunRecorder recorder(nowhere, someSettings(), "");
        QVERIFY(recorder.problem().has_value());
        QCOMPARE(recorder.run(), std::int64_t{0});
    }

    void damagedRecordsAreErrors() {
        auto bytes =
            toBytes(FitRounds{.m1 = 2, .m2 = 2, .planned = 1, .rounds = {{0, 0.0, {1}, {1}}}});
        QVERIFY_THROWS_EXCEPTION(Error, (void)fitRoundsFromBytes(bytes));
        bytes.resize(bytes.size() / 2);
        QVERIFY_THROWS_EXCEPTION(Error, (void)fitRoundsFromBytes(bytes));
        QVERIFY_THROWS_EXCEPTION(Error, (void)activationRecordFromBytes({}));
    }

private:
    std::unique_ptr<QTemporaryDir> folder_;
    std::filesystem::path file_;
};

QTEST_GUILESS_MAIN(RunStoreTest)
#include "run_store_test.moc"
