// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableView>

namespace bwla::ui {

class ModelDelegate;
class ModelFilter;
class Theme;

/// The list of models as a table: a name as wide as there is room, the other columns as wide as
/// what they hold, sorted by a click on their heads.
class ModelTable : public QTableView {
    Q_OBJECT

public:
    ModelTable(Theme& theme, ModelFilter& models, QWidget* parent = nullptr);
    /// `few` columns where the page is narrow.
    void fitColumns(bool few);

private:
    Theme& theme_;
    ModelDelegate* delegate_;
    bool few_ = false;
};

} // namespace bwla::ui
