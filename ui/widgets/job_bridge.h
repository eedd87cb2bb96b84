// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/job/job.h"

#include <QObject>
#include <QTimer>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace bwla::ui {

/// Runs one Job at a time on a thread of its own and brings its events to the window's thread, in
/// batches, `hertz` times a second. All methods and callbacks: window thread. Destroying it stops
/// the job and waits.
class JobBridge : public QObject {
    Q_OBJECT

public:
    explicit JobBridge(int hertz = 10, QObject* parent = nullptr);
    ~JobBridge() override;

    /// `snapshot` runs on the job's thread and copies what outlives the event; `deliver` gets the
    /// snapshots since the last time, never none; `done` comes last, once. Precondition:
    /// !running().
    template<class Settings, class Event, class Result, class Snapshot>
    void start(std::shared_ptr<Job<Settings, Event, Result>> job, Settings settings,
               std::function<Snapshot(const Event&)> snapshot,
               std::function<void(std::vector<Snapshot>)> deliver,
               std::function<void(Outcome<Result>)> done) {
        struct Mailbox {
            std::mutex mutex;
            std::vector<Snapshot> events;
        };
        auto mailbox = std::make_shared<Mailbox>();
        drain_ = [mailbox, deliver = std::move(deliver)] {
            std::vector<Snapshot> events;
            {
                const std::lock_guard lock(mailbox->mutex);
                events.swap(mailbox->events);
            }
            if (!events.empty())
                deliver(std::move(events));
        };
        launch([this, job, settings = std::move(settings), snapshot = std::move(snapshot), mailbox,
                done = std::move(done)](const std::stop_token& stop) {
            const Sink<Event> sink = [&](const Event& event) {
                {
                    Snapshot copy = snapshot(event);
                    const std::lock_guard lock(mailbox->mutex);
                    mailbox->events.push_back(std::move(copy));
                }
                waitWhilePaused(stop);
            };
            auto outcome = std::make_shared<Outcome<Result>>(runJob(*job, settings, sink, stop));
            return std::function<void()>([done, outcome] { done(std::move(*outcome)); });
        });
    }

    [[nodiscard]] bool running() const { return thread_.joinable(); }
    void stop();
    /// The job's thread waits at its next event.
    void pause();
    void resume();
    [[nodiscard]] bool paused() const;

Q_SIGNALS:
    void runningChanged(bool running);

private:
    /// `work` returns what to call on the window's thread when the job is over.
    void launch(std::function<std::function<void()>(const std::stop_token&)> work);
    void waitWhilePaused(const std::stop_token& stop);
    void finish(const std::function<void()>& done);

    QTimer timer_;
    std::function<void()> drain_;
    std::jthread thread_;
    mutable std::mutex pauseMutex_;
    std::condition_variable_any pauseChanged_;
    bool paused_ = false;
};

} // namespace bwla::ui
