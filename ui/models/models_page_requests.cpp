// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the page asks of other pages for the selected model.
#include "core/store/run_store.h"
#include "ui/models/models_page.h"

#include <QFileInfo>

namespace bwla::ui {

void ModelsPage::requestQuantize() {
    const ModelRow* row = library_.list().find(selected());
    if (row == nullptr || row->state != ModelState::ready)
        return;
    if (row->quantized())
        return requestInspect();
    library_.setUsed(row->path);
    Q_EMIT quantizeRequested(selected());
}

/// A quantized model is chatted with beside its original where the run is known.
void ModelsPage::requestChat() {
    const ModelRow* row = library_.list().find(selected());
    if (row == nullptr || row->state != ModelState::ready)
        return;
    const QString path = row->path;
    const bool quantized = row->quantized();
    library_.setUsed(path);
    if (!quantized) {
        Q_EMIT chatRequested(path, {});
        return;
    }
    QString original;
    if (const auto run = RunStore(services_.store).findByOutput(path.toStdString());
        run && QFileInfo::exists(QString::fromStdString(run->modelPath)))
        original = QString::fromStdString(run->modelPath);
    Q_EMIT chatRequested(original, path);
}

void ModelsPage::requestInspect() {
    const ModelRow* row = library_.list().find(selected());
    if (row == nullptr || !row->quantized())
        return;
    library_.setUsed(row->path);
    Q_EMIT inspectRequested(selected());
}

} // namespace bwla::ui
