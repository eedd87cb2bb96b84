// SPDX-License-Identifier: GPL-3.0-or-later
//
// How long a chat goes on after a stop while its model is loaded or reads a long prompt, on the
// default model. The goal is 100 ms; ten times that fails.
#include "core/chat/chat_room.h"
#include "core/job/job.h"
#include "core/model/artifact.h"
#include "real_model.h"

#include <QTest>

#include <algorithm>
#include <chrono>
#include <future>
#include <numeric>

using namespace bwla;

namespace {

using Clock = std::chrono::steady_clock;
constexpr double goal = 100.0; // milliseconds

double since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

} // namespace

class StopBench : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void stopsSoon_data() {
        QTest::addColumn<QString>("path");
        const std::filesystem::path original = test::realModel();
        const auto artifact = original.parent_path() / "SmolLM2-135M-Instruct-W1A6";
        QTest::newRow("F16") << QString::fromStdString(original.string());
        if (Artifact::isArtifact(artifact))
            QTest::newRow("W1A6") << QString::fromStdString(artifact.string());
    }

    void stopsSoon() {
        QFETCH(QString, path);
        std::vector<std::unique_ptr<ChatRoom>> rooms; // ending one waits for what was abandoned
        const auto newRoom = [&]() -> ChatRoom& {
            return *rooms.emplace_back(
                std::make_unique<ChatRoom>([](const EngineChoice&) { return makeCpuBackend(); }));
        };
        report("loading", stops([&](const std::stop_token& stop) {
                   try {
                       (void)newRoom().open(ChatSide::original, path.toStdString(), {}, stop);
                   } catch (const Cancelled&) {
                   }
               }));
        rooms.clear();
        Session& session = newRoom().open(ChatSide::original, path.toStdString(), {}, {}).session();
        std::vector<std::int32_t> tokens(1500);
        std::iota(tokens.begin(), tokens.end(), 1000);
        report("reading", stops([&](const std::stop_token& stop) {
                   session.rewind(0);
                   session.feed(tokens, stop);
               }));
    }

private:
    /// Milliseconds from the request to the end of `work`, for stops at several moments of it.
    static std::vector<double> stops(const std::function<void(const std::stop_token&)>& work) {
        std::vector<double> waits;
        for (int moment = 5; moment < 400; moment += 23) {
            std::stop_source stop;
            const auto running = std::async(std::launch::async, [&] { work(stop.get_token()); });
            std::this_thread::sleep_for(std::chrono::milliseconds(moment));
            const auto requested = Clock::now();
            stop.request_stop();
            running.wait();
            waits.push_back(since(requested));
        }
        return waits;
    }

    static void report(const char* what, std::vector<double> waits) {
        std::ranges::sort(waits);
        qInfo("stop while %s: median %.1f ms, longest %.1f ms of %zu", what,
              waits[waits.size() / 2], waits.back(), waits.size());
        QVERIFY(waits.back() < 10 * goal);
    }
};

QTEST_APPLESS_MAIN(StopBench)
#include "stop_bench_test.moc"
