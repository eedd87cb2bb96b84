// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/job_bridge.h"

namespace bwla::ui {

JobBridge::JobBridge(int hertz, QObject* parent) : QObject(parent) {
    timer_.setInterval(1000 / hertz);
    connect(&timer_, &QTimer::timeout, this, [this] { drain_(); });
}

JobBridge::~JobBridge() {
    stop();
    if (thread_.joinable()) // before the mutex that its sink waits on goes
        thread_.join();
}

void JobBridge::stop() {
    thread_.request_stop();
}

void JobBridge::pause() {
    const std::lock_guard lock(pauseMutex_);
    paused_ = true;
}

void JobBridge::resume() {
    {
        const std::lock_guard lock(pauseMutex_);
        paused_ = false;
    }
    pauseChanged_.notify_all();
}

bool JobBridge::paused() const {
    const std::lock_guard lock(pauseMutex_);
    return paused_;
}

void JobBridge::waitWhilePaused(const std::stop_token& stop) {
    std::unique_lock lock(pauseMutex_);
    pauseChanged_.wait(lock, stop, [this] { return !paused_; });
}

void JobBridge::launch(std::function<std::function<void()>(const std::stop_token&)> work) {
    paused_ = false;
    timer_.start();
    thread_ = std::jthread([this, work = std::move(work)](const std::stop_token& stop) {
        const std::function<void()> done = work(stop);
        QMetaObject::invokeMethod(
            this, [this, done] { finish(done); }, Qt::QueuedConnection);
    });
    Q_EMIT runningChanged(true);
}

void JobBridge::finish(const std::function<void()>& done) {
    timer_.stop();
    thread_.join();
    drain_();
    done();
    Q_EMIT runningChanged(running());
}

} // namespace bwla::ui
