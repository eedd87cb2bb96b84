// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/studio/page.h"

#include <QDialog>

namespace bwla::ui {

/// Every key of the window and of its pages, and where its files are.
class HelpDialog : public QDialog {
    Q_OBJECT

public:
    explicit HelpDialog(const QList<Page*>& pages, QWidget* parent = nullptr);
};

} // namespace bwla::ui
