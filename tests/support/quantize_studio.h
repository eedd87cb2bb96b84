// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "fake_quantize_job.h"
#include "studio.h"
#include "tiny_model.h"
#include "ui/quantize/quantize_page.h"
#include "ui/quantize/setup_view.h"

#include <QApplication>
#include <QMessageBox>
#include <QPushButton>
#include <QTest>
#include <QTimer>

namespace bwla::test {

/// The page with a job that does what the test lets it do.
struct QuantizeStudio : Studio {
    std::shared_ptr<FakeJob::Script> script = std::make_shared<FakeJob::Script>();

    QuantizeStudio() {
        services.newQuantizeJob = [script = script] { return std::make_unique<FakeJob>(script); };
        writeTinyFolder(model());
    }
    [[nodiscard]] std::filesystem::path model() const { return root() / "tiny-llama"; }
    [[nodiscard]] ui::QuantizePage& page() const { return Studio::page<ui::QuantizePage>(); }
    [[nodiscard]] ui::SetupView& setup() const { return page().setup(); }

    bool open(const std::filesystem::path& path) {
        if (!window) {
            show();
            bringToFront<ui::QuantizePage>();
        }
        page().setModel(QString::fromStdString(path.string()));
        return QTest::qWaitFor([&] { return setup().mayStart(); }, 10000);
    }
    bool open() { return open(model()); }
    /// Answers the next question box.
    static void answer(QMessageBox::StandardButton choice) {
        QTimer::singleShot(50, [choice] {
            if (auto* box = qobject_cast<QMessageBox*>(QApplication::activeModalWidget()))
                box->button(choice)->click();
        });
    }
};

} // namespace bwla::test
